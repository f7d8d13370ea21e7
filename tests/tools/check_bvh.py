#!/usr/bin/env python3
"""mocapctl export --bvh, read by three.js' BVHLoader and compared with the recording. Exits with 77,
to be skipped, where three.js is not: the page's 3-D part brings it.

    check_bvh.py MOCAPCTL NODE NPM_DIR
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import made_recording
from check_bridge import check, make_face, near
from check_bridge_outputs import rotation

GUARD_S = 120
FACE_CM = 14  # what a face counts as
LOADER = "node_modules/three/examples/jsm/loaders/BVHLoader.js"
READ = """
import { readFileSync } from "node:fs";
const [loader, path] = process.argv.slice(1);
const { BVHLoader } = await import(loader);
const { skeleton, clip } = new BVHLoader().parse(readFileSync(path, "utf8"));
const tracks = clip.tracks.map(({ name, times, values }) => [name, { times: [...times], values: [...values] }]);
console.log(JSON.stringify({ bones: skeleton.bones.map(({ name }) => name), duration: clip.duration, ...Object.fromEntries(tracks) }));
"""


def poses():
    """Rest, each angle and place alone both ways, then all together."""
    found = [([0, 0, 0], [0, 0, 4])]
    for axis in range(3):
        for sign in (1, -1):
            angles, place = [0, 0, 0], [0, 0, 4]
            angles[axis], place[axis] = 40 * sign, place[axis] + 0.5 * sign
            found.append((angles, place))
    return found + [([20, -50, 15], [0.5, -0.25, 3]), ([-20, 50, -15], [-0.5, 0.25, 5])]


def multiply(a, b):
    (x, y, z, w), (p, q, r, s) = a, b
    return [w * p + x * s + y * r - z * q, w * q - x * r + y * s + z * p,
            w * r + x * q - y * p + z * s, w * s - x * p - y * q - z * r]


def check_turn(got, wanted, what):
    """q and -q are the same turn."""
    sign = 1 if sum(a * b for a, b in zip(got, wanted)) >= 0 else -1
    near([sign * part for part in got], wanted, what, 2e-5)


def main():
    mocapctl, node, npm = sys.argv[1:]
    loader = os.path.join(npm, LOADER)
    if not os.path.exists(loader):
        print("skipped: no three.js, which the page's 3-D part brings")
        return 77
    with tempfile.TemporaryDirectory(prefix="mocapd-bvh-") as directory:
        recording, bvh = (os.path.join(directory, name) for name in ("r.mocap", "r.bvh"))
        made_recording.write(recording, [
            [make_face(pose={"rotation": rotation(*angles), "euler": angles, "translation": place,
                             "error": 0.02})] for angles, place in poses()])
        subprocess.run([mocapctl, "export", "--bvh", "--output", bvh, recording], check=True,
                       timeout=GUARD_S)
        told = subprocess.run([node, "--input-type=module", "--eval", READ,
                               pathlib.Path(loader).resolve().as_uri(), bvh], check=True, text=True,
                              capture_output=True, timeout=GUARD_S)
    check(told.stderr == "", told.stderr)
    read = json.loads(told.stdout)
    check(read["bones"][:3] == ["Hips", "Neck", "Head"], read["bones"])
    times, places = read["Hips.position"]["times"], read["Hips.position"]["values"]
    near(times, [i / made_recording.RATE for i in range(len(poses()))], "times", 1e-5)
    for i, (angles, place) in enumerate(poses()):
        # Camera: x right, y down, z away. BVH: y up, z towards the camera.
        x, y, z = (a - b for a, b in zip(place, poses()[0][1]))
        near(places[3 * i:3 * i + 3], [FACE_CM * x, -FACE_CM * y, -FACE_CM * z], "place", 1e-3)
        qx, qy, qz, qw = rotation(*angles)
        neck, head = (read[f"{bone}.quaternion"]["values"][4 * i:4 * i + 4]
                      for bone in ("Neck", "Head"))
        check_turn(multiply(neck, head), [qx, -qy, -qz, qw], f"the head's turn {angles}")
        # The same axis, a third of the way: three of the neck's turns are the whole.
        check_turn(multiply(neck, multiply(neck, neck)), [qx, -qy, -qz, qw], "the neck's share")
        check_turn(read["Hips.quaternion"]["values"][4 * i:4 * i + 4], [0, 0, 0, 1], "hips")
    print(f"BVHLoader reads {len(poses())} poses as they were recorded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
