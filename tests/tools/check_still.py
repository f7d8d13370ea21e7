#!/usr/bin/env python3
"""mocapctl still: a record of the faces in an image, and one clear error for what is none.

    check_still.py MOCAPCTL SYNTHFACE
"""

import json
import os
import subprocess
import sys
import tempfile

GUARD_S = 120  # only a test that fails waits that long
EDGE = 320


def check(good, what):
    if not good:
        raise AssertionError(what)


def render(synthface, directory):
    """A rendered face as PPM, and its landmarks: a frame of lossless 4:2:0 video is its grey."""
    clip, truth = (os.path.join(directory, name) for name in ("face.y4m", "truth"))
    subprocess.run([synthface, "--still", "--frames", "1", "--size", f"{EDGE}x{EDGE}", "--seed",
                    "3", "--landmarks", truth, "-o", clip], check=True, capture_output=True,
                   timeout=GUARD_S)
    with open(clip, "rb") as file:
        data = file.read()
    start = data.index(b"FRAME") + len("FRAME\n")
    grey = data[start:start + EDGE * EDGE]
    pixels = bytes(value for level in grey for value in (level, level, level))
    with open(truth, encoding="utf-8") as file:
        points = json.loads(file.readline())["points"]
    return f"P6\n# rendered\n{EDGE} {EDGE}\n255\n".encode() + pixels, points


def still(mocapctl, image, *words):
    return subprocess.run([mocapctl, "still", *words], input=image, capture_output=True,
                          timeout=GUARD_S, check=False)


def check_face(mocapctl, image, points, directory):
    path = os.path.join(directory, "face.ppm")
    with open(path, "wb") as file:
        file.write(image)
    answers = [still(mocapctl, image), still(mocapctl, image, "-"), still(mocapctl, b"", path)]
    check(all(answer.returncode == 0 for answer in answers), answers)
    check(len({answer.stdout for answer in answers}) == 1, "the same image")
    check(answers[0].stdout.count(b"\n") == 1, "one line")
    record = json.loads(answers[0].stdout)
    check((record["type"], record["width"], record["height"]) == ("motion", EDGE, EDGE), record)
    face, = record["faces"]
    check(len(face["dense"]) == 212 and "shapes" in face and "gaze" in face and "pose" in face,
          face.keys())
    error = sum(((x - wanted[0]) ** 2 + (y - wanted[1]) ** 2) ** 0.5
                for (x, y, _), wanted in zip(face["keypoints"], points)) / len(points)
    check(error < 6, f"{error} pixels from the truth")


def check_nobody(mocapctl):
    answer = still(mocapctl, b"P6 64 48 255\n" + bytes(3 * 64 * 48))
    check(answer.returncode == 0 and json.loads(answer.stdout)["faces"] == [], answer)


def check_refusals(mocapctl):
    pixels = bytes(3 * 64 * 48)
    for image, cause in (
            (b"", "P6"), (b"\xff\xd8\xff\xe0JFIF", "P6"), (b"P5 64 48 255\n" + pixels, "P6"),
            (b"P6", "three numbers"), (b"P6 64", "three numbers"), (b"P6 64 48", "three numbers"),
            (b"P6 64 48 255", "three numbers"), (b"P6 64 48 65535\n" + 2 * pixels, "got 65535"),
            (b"P6 8 8 255\n" + bytes(192), "got 8 x 8"), (b"P6 0 48 255\n", "got 0 x 48"),
            (b"P6 -64 48 255\n" + pixels, "three numbers"),
            (b"P6 999999999999 48 255\n", "numbers"),
            (b"P6 64 4097 255\n", "got 64 x 4097"),
            (b"P6 64 48 255\n" + pixels[1:], "must have 9216 bytes of pixels, got 9215"),
            (b"P6 64 48 255\n" + pixels + b"\0", "must end after 9216"),
            (b"P6 #" + 100000 * b"x", "three numbers")):
        answer = still(mocapctl, image)
        told = answer.stderr.decode().splitlines()
        check(answer.returncode == 1 and answer.stdout == b"" and len(told) == 1, (image[:30], answer))
        check(told[0].startswith("mocapctl: standard input: ") and cause in told[0],
              (image[:30], told))
    missing = still(mocapctl, b"", "/nowhere/face.ppm")
    check(missing.returncode == 1 and b"/nowhere/face.ppm: No such file" in missing.stderr, missing)
    folder = still(mocapctl, b"", "/tmp")
    check(folder.returncode == 1 and folder.stderr == b"mocapctl: /tmp: can't read it: Is a directory\n",
          folder)


def main():
    mocapctl, synthface = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="mocapd-still-") as directory:
        image, points = render(synthface, directory)
        check_face(mocapctl, image, points, directory)
    check_nobody(mocapctl)
    check_refusals(mocapctl)
    print("a still gives a record, and what is none an error")


if __name__ == "__main__":
    main()
