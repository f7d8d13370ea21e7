"""Reads the shared data and makes the locator's training set of it.

A face's box is upright: the landmarks' box with its top raised by FOREHEAD of
its height. Writes index.json, a list of images with their faces' boxes, and
pixels.bin, where each image's bytes lie at its offset.
"""
import argparse
import glob
import itertools
import json
import os
import subprocess
import tempfile

import cv2
import numpy as np

from training.face_data import Renders
from training.locator_data import FOREHEAD, bounds, overlap

# Folders of Debian's tuxpaint-stamps-default: cut-out photographs of things.
THINGS = ("animals", "food", "hobbies", "household", "plants", "sports", "vehicles")
# Files of its gcompris-qt-data whose photographs show no people.
SCENES = ("categorization", "erase", "explore_farm_animals", "explore_world_animals")
EDGE = 384  # the largest edge of what is kept of them

SURE = 0.9  # score of the other detector from which its box is a face
RENDERED_HEADS = 40
WEBP = b"RIFF"  # how its files begin


def raise_top(box):
    return [box[0], box[1] - FOREHEAD * (box[3] - box[1]), box[2], box[3]]


def clean(entry):
    """Faces and doubtful boxes of an entry of boxes.json, in the convention above.

    The detector's boxes have a forehead and are a little narrower. P1's own
    boxes are noisy, so there the two are averaged.
    """
    if entry["set"] == "coco_noperson":
        return [], []
    faces, doubtful = [raise_top(box) for box in entry["gt_boxes"]], []
    for *box, score in entry["rfb_boxes"]:
        width = box[2] - box[0]
        box = [box[0] - 0.02 * width, box[1], box[2] + 0.03 * width, box[3]]
        overlaps = [overlap(box, face) for face in faces[:len(entry["gt_boxes"])]]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best >= 0 and overlaps[best] > 0.35:
            if entry["set"] == "p1":
                faces[best] = [(a + b) / 2 for a, b in zip(box, faces[best])]
        elif score >= SURE:
            faces.append(box)
        else:
            doubtful.append(box)
    return faces, doubtful


def with_forehead(points):
    """The landmarks, and their brows once more where the box of an upright face has its top."""
    brows = points[17:27].copy()
    height = np.ptp(points[:, 1])
    brows[:, 1] += points[:, 1].min() - FOREHEAD * height - brows[:, 1].min()
    return np.vstack([points, brows])


def read_frames(folder):
    """Whole images."""
    with open(os.path.join(folder, "frames", "boxes.json")) as file:
        entries = json.load(file)
    for entry in entries:
        image = cv2.imread(os.path.join(folder, "frames", entry["file"]))
        faces, doubtful = clean(entry)
        yield image, {"kind": "frame", "faces": faces, "doubtful": doubtful, **common(entry)}


def read_crops(folder):
    """Single faces with their 68 landmarks."""
    with open(os.path.join(folder, "faces68", "labels.json")) as file:
        entries = json.load(file)
    with open(os.path.join(folder, "faces68", "p1_teacher.json")) as file:
        teacher = json.load(file)
    for entry in entries:
        image = cv2.imread(os.path.join(folder, "faces68", entry["file"]))
        points = with_forehead(np.array(teacher.get(entry["file"], entry["points"]), np.float64))
        yield image, {"kind": "crop", "faces": [bounds(points).tolist()], "doubtful": [],
                      "points": points.tolist(), **common(entry)}


def render(synthface):
    """Rendered heads, whose landmarks are exact. Seeds below 100 are left to tests."""
    with tempfile.TemporaryDirectory() as folder:
        clip, truth = os.path.join(folder, "clip.mkv"), os.path.join(folder, "truth.json")
        for seed in range(100, 100 + RENDERED_HEADS):
            subprocess.run([synthface, "--frames", "10", "--fps", "1", "--size", "320x240", "--seed",
                            str(seed), "--landmarks", truth, "-o", clip], check=True)
            video = cv2.VideoCapture(clip)
            with open(truth) as file:
                for line in file:
                    points = with_forehead(np.array(json.loads(line)["points"]))
                    good, image = video.read()
                    assert good, clip
                    yield image, {"kind": "crop", "faces": [bounds(points).tolist()], "doubtful": [],
                                  "points": points.tolist(), "file": f"synthface {seed}",
                                  "set": "synthface", "split": "train"}


def turned(turn):
    """How far a head is turned sideways, in steps of 30 degrees, as the name of a set."""
    towards = turn.astype(float)[:, 2]  # where the face looks; z is towards the camera
    step = min(int(abs(np.degrees(np.arctan2(towards[0], towards[2])))) // 30, 2)
    return f"render_{30 * step}"


def read_renders(folder, split):
    """Heads of training.heads.make: every other one as a frame, the others as crops; for
    validation all as frames."""
    renders = Renders(folder)
    for number in range(len(renders)):
        points = with_forehead(renders.rows["landmarks"][number, :, :2].astype(np.float64))
        entry = {"faces": [bounds(points).tolist()], "doubtful": [],
                 "set": turned(renders.rows["turn"][number]), "file": f"render {number}", "split": split}
        image = renders.image(number)[..., ::-1]
        yield image, ({"kind": "crop", "points": points.tolist(), **entry}
                      if number % 2 and split == "train" else {"kind": "frame", **entry})


def fit(image):
    """The image, made smaller where its edge is beyond EDGE, and by how much."""
    scale = min(1, EDGE / max(image.shape[:2]))
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return image, scale


def read_things(folder):
    """Things to stand about, with what is to be seen of them in a fourth channel."""
    for kind in THINGS:
        for path in sorted(glob.glob(os.path.join(folder, "**", kind, "**", "*.png"), recursive=True)):
            image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
            if "cartoon" not in path and image is not None and image.shape[2:] == (4,):
                yield fit(image)[0], {"kind": "thing", "faces": [], "doubtful": [], "set": "thing",
                                   "file": os.path.basename(path), "split": "train"}


def read_scenes(folder):
    """Photographs without people in Qt's resource files: each behind its size, four
    bytes. Every other one is kept for validation."""
    number = 0
    for kind in SCENES:
        path, = glob.glob(os.path.join(folder, "**", kind + ".rcc"), recursive=True)
        with open(path, "rb") as file:
            data = file.read()
        place = data.find(WEBP)
        while place >= 0:
            size = int.from_bytes(data[place - 4:place], "big")
            if 3000 < size <= min(len(data) - place, 5000000):
                image = cv2.imdecode(np.frombuffer(data, np.uint8, size, place), cv2.IMREAD_COLOR)
                if image is not None and min(image.shape[:2]) >= 150:
                    yield fit(image)[0], {"kind": "frame", "faces": [], "doubtful": [],
                                       "set": "gcompris_noperson", "file": f"{kind} {place}",
                                       "split": "val" if number % 2 else "train"}
                    number += 1
            place = data.find(WEBP, place + 1)


def common(entry):
    return {key: entry[key] for key in ("file", "set", "split")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="photographs and frames with their faces; without them the set is free")
    parser.add_argument("--synthface", help="the program that renders heads")
    parser.add_argument("--renders", help="folder of training.heads.make")
    parser.add_argument("--val", help="folder of renders of other people, for validation")
    parser.add_argument("--set", required=True, help="folder to write, outside the repository")
    parser.add_argument("--things", help="where Debian's tuxpaint-stamps-default is unpacked")
    parser.add_argument("--scenes", help="where Debian's gcompris-qt-data is unpacked")
    arguments = parser.parse_args()
    if not arguments.data and not arguments.renders:
        parser.error("needs --data or --renders")
    sources = []
    if arguments.data:
        sources += [read_frames(arguments.data), read_crops(arguments.data)]
    if arguments.renders:
        sources.append(read_renders(arguments.renders, "train"))
    if arguments.val:
        sources.append(read_renders(arguments.val, "val"))
    if arguments.synthface:
        sources.append(render(arguments.synthface))
    if arguments.things:
        sources.append(read_things(arguments.things))
    if arguments.scenes:
        sources.append(read_scenes(arguments.scenes))
    os.makedirs(arguments.set, exist_ok=True)
    index, offset = [], 0
    with open(os.path.join(arguments.set, "pixels.bin"), "wb") as pixels:
        for image, entry in itertools.chain(*sources):
            entry["height"], entry["width"] = image.shape[:2]
            entry["offset"] = offset
            offset += pixels.write(image.tobytes())
            index.append(entry)
    with open(os.path.join(arguments.set, "index.json"), "w") as file:
        json.dump(index, file)
    print(f"{len(index)} images, {offset / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
