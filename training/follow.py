"""What the program finds and follows by itself.

    python3 -m training.follow --data ../shared/data --program build/release/bin
        --model models/face68.safetensors [--page docs/models.md]

Whole images, each held still for a few frames with black ones between, are read by
mocapd; the last record of each image counts. How good the landmarks are, beside the
same network given the face's region; which faces are found, and where none is."""

import argparse
import json
import os
import subprocess
import tempfile

import cv2
import numpy as np

from . import augment, metrics, report
from .locator_data import bounds, overlap
from .locator_prepare import EDGE, clean, fit, read_scenes, with_forehead
from .models import Model

HELD, BLACK = 20, 3  # frames of each image, and between


def stills(data):
    """-> whole image (BGR), its 68 points, for each hand-labelled validation face."""
    with open(os.path.join(data, "faces68", "labels.json")) as file:
        labels = {os.path.basename(label["file"]): label for label in json.load(file)
                  if label["split"] == "val" and label["set"] == "helen_train"}
    with open(os.path.join(data, "frames", "boxes.json")) as file:
        frames = [f for f in json.load(file) if f["person"] in labels and f["set"] == "helen_train"]
    for frame in frames:
        points = np.float32(labels[frame["person"]]["points"])
        box = np.float32(frame["gt_boxes"][0])
        # In the crop the larger edge of the landmarks' box is half the crop's.
        scale = (box[2:] - box[:2]).max() / 128
        yield (cv2.imread(os.path.join(data, "frames", frame["file"])),
               (points - 128) * scale + (box[:2] + box[2:]) / 2)


def canvas(picture):
    whole = np.zeros((EDGE, EDGE, 3), np.uint8)
    whole[:picture.shape[0], :picture.shape[1]] = picture
    return whole


def write_clip(path, pictures):
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"FFV1"), 25, (EDGE, EDGE))
    if not writer.isOpened():
        raise SystemExit(f"{path}: can't be written as FFV1")
    for picture in pictures:
        for _ in range(HELD):
            writer.write(canvas(picture))
        for _ in range(BLACK):
            writer.write(np.zeros((EDGE, EDGE, 3), np.uint8))
    writer.release()


def records(program, clip, model, socket):
    """What mocapd says of each frame of the clip."""
    daemon = subprocess.Popen([os.path.join(program, "mocapd"), "--socket", socket, "--stream",
                               f"a={clip}", "--every-frame", "--exit-on-end", "--wait-subscribers",
                               "1", "--max-faces", "4", "--model", model,
                               "--log-level", "warning"])
    try:
        while not os.path.exists(socket):
            if daemon.poll() is not None:
                raise SystemExit("mocapd ended before it listened")
        watch = subprocess.run([os.path.join(program, "mocapctl"), "--socket", socket, "watch", "a",
                                "--format", "json"], stdout=subprocess.PIPE, check=True)
        daemon.wait(60)
    finally:
        daemon.kill()
    lines = (json.loads(line) for line in watch.stdout.splitlines())
    return [line for line in lines if line.get("type", "motion") == "motion"]


def points_of(record, truth):
    """The raw points of the face nearest to the truth, or None."""
    faces = [np.float32(face.get("raw") or face["keypoints"])[:, :2] for face in record["faces"]]
    reach = np.ptp(truth, axis=0).max()
    near = [f for f in faces if np.linalg.norm(f.mean(0) - truth.mean(0)) < reach / 2]
    return min(near, key=lambda f: np.linalg.norm(f - truth)) if near else None


def given_boxes(model, pictures, truth):
    views, points = zip(*(augment.warp(
        np.ascontiguousarray(p[..., ::-1]), t, model.size, augment.box_of(t)[0],
        model.margin * augment.box_of(t)[1]) for p, t in zip(pictures, truth)))
    found, _ = metrics.predict(model.net, views)
    return metrics.distances(found, np.array(points)).mean(1)


def last_records(options, pictures, folder):
    """What mocapd says last of each image."""
    clip = os.path.join(folder, "stills.mkv")
    write_clip(clip, pictures)
    said = records(options.program, clip, options.model, os.path.join(folder, "socket"))
    return [said[i * (HELD + BLACK) + HELD - 1] for i in range(len(pictures))]


def search(options, pictures, folder):
    """The boxes of the faces that mocapd sees in each image, in its own pixels."""
    pictures, scales = zip(*(fit(picture) for picture in pictures))
    return [[bounds(with_forehead(np.float64(face["keypoints"])[:, :2])) / scale
             for face in record["faces"]]
            for record, scale in zip(last_records(options, pictures, folder), scales)]


def read_frames(options):
    """-> (entry of boxes.json, image) of every whole image that is wanted here."""
    with open(os.path.join(options.data, "frames", "boxes.json")) as file:
        frames = [f for f in json.load(file) if f["split"] == "val" or f["set"] == "coco_noperson"]
    return [(f, cv2.imread(os.path.join(options.data, "frames", f["file"]))) for f in frames]


def found_table(options, frames, folder, least_height=1 / 8):
    """Faces found in whole validation images."""
    shown = [f for f in frames if f[0]["set"] != "coco_noperson"]
    hits = {}
    for (frame, _), boxes in zip(shown, search(options, [p for _, p in shown], folder)):
        for face in clean(frame)[0]:
            if face[3] - face[1] >= least_height * frame["h"]:
                hit = max((overlap(face, box) for box in boxes), default=0) >= 0.5
                hits.setdefault(frame["set"], []).append(hit)
    rows = [[name, len(hit), f"{np.mean(hit) * 100:.1f} %"] for name, hit in sorted(hits.items())]
    everyone = np.concatenate(list(hits.values()))
    rows.append(["all", len(everyone), f"**{np.mean(everyone) * 100:.1f} %**"])
    return report.table(["validation images of", "faces of 1/8 of the height", "found"], rows)


def empty_table(options, frames, folder):
    """Images without people in which a face is seen."""
    groups = {}
    for frame, picture in frames:
        if frame["set"] == "coco_noperson":
            kept = "held out" if frame["split"] == "val" else "trained on"
            groups.setdefault(f"COCO, {kept}", []).append(picture)
    for picture, entry in read_scenes(options.scenes) if options.scenes else ():
        if entry["split"] == "val":
            groups.setdefault("gcompris-qt-data, held out", []).append(picture)
    rows = [[name, len(pictures), sum(len(boxes) > 0 for boxes in search(options, pictures, folder))]
            for name, pictures in sorted(groups.items())]
    return report.table(["images without people", "number", "with a face"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--program", default="build/release/bin", help="folder of mocapd")
    parser.add_argument("--model", default="models/face68.safetensors")
    parser.add_argument("--scenes", help="where Debian's gcompris-qt-data is unpacked")
    parser.add_argument("--page", help="Markdown file with the mark <!-- followed -->")
    options = parser.parse_args()
    model = Model(options.model)
    pictures, truth = zip(*stills(options.data))
    with tempfile.TemporaryDirectory() as folder:
        last = last_records(options, pictures, folder)
        frames = read_frames(options)
        places = (found_table(options, frames, folder) + "\n\n" +
                  empty_table(options, frames, folder))
    found = [points_of(record, t) for record, t in zip(last, truth)]
    seen = np.array([f is not None for f in found])
    errors = np.array([metrics.distances(f[None], t[None]).mean() for f, t in zip(found, truth)
                       if f is not None])
    given = given_boxes(model, pictures, truth)
    text = report.table(
        ["70 HELEN validation images" if len(seen) == 70 else f"{len(seen)} HELEN images",
         "faces", "mean error", "median"],
        [["given the region (PyTorch)", int(seen.sum()), f"{given[seen].mean() * 100:.2f}",
          f"{np.median(given[seen]) * 100:.2f}"],
         ["found and followed (mocapd)", int(seen.sum()), f"{errors.mean() * 100:.2f}",
          f"{np.median(errors) * 100:.2f}"]])
    text += f"\n\nFaces not found: {int((~seen).sum())} of {len(seen)}.\n\n{places}"
    print(text)
    if options.page:
        report.replace_between(options.page, "followed", text)


if __name__ == "__main__":
    main()
