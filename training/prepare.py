"""Makes the training set: all crops decoded once into one file of bytes, with
an index beside it.

    python3 -m training.prepare --data ../shared/data --out SET
        [--clips DIR --clip-labels labels68.json] [--synthface PROGRAM]
"""

import argparse
import json
import os
import subprocess
import tempfile

import cv2
import numpy as np

EDGE = 256  # pixels of a stored crop
MARGIN = 2.0  # its edge against the larger edge of the landmarks' box
TEACHER_LIMIT = 0.08  # images whose labels differ by more (of the eyes' distance) are dropped

# Clips that are for validation, never for training.
CLIPS_HELD_OUT = ("grid_pwij3p", "grid_sbwe5n", "lp_d6", "lp_d12", "lp_d13", "lp_s13",
                  "tps_driving")

# How much of the teacher's point goes into the label of an automatic one.
TEACHER_SHARE = np.full(68, 0.5, np.float32)
TEACHER_SHARE[17:27] = 0.7
TEACHER_SHARE[36:68] = 1.0


def eye_distance(points):
    return np.linalg.norm(points[36] - points[45])


def merge_teacher(points, teacher):
    """The label of both, or None where they disagree too much."""
    if np.linalg.norm(points - teacher, axis=1).mean() > TEACHER_LIMIT * eye_distance(points):
        return None
    return points + TEACHER_SHARE[:, None] * (teacher - points)


def crop_around(image, points):
    """The square of MARGIN times the landmarks' box -> crop, points in it."""
    low, high = points.min(0), points.max(0)
    side = MARGIN * (high - low).max()
    corner = (low + high) / 2 - side / 2
    scale = EDGE / side
    matrix = np.float32([[scale, 0, 0.5 * scale - 0.5 - corner[0] * scale],
                         [0, scale, 0.5 * scale - 0.5 - corner[1] * scale]])
    how = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
    if how == cv2.INTER_AREA:  # warpAffine doesn't average: shrink the image first
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix = np.float32([[1, 0, -corner[0] * scale], [0, 1, -corner[1] * scale]])
    crop = cv2.warpAffine(image, matrix, (EDGE, EDGE), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
    return crop, (points - corner) * scale


def faces68(data):
    folder = os.path.join(data, "faces68")
    with open(os.path.join(folder, "labels.json")) as file:
        labels = json.load(file)
    with open(os.path.join(folder, "p1_teacher.json")) as file:
        teacher = json.load(file)
    for label in labels:
        points = np.float32(label["points"])
        if label["set"] == "p1" and label["split"] == "train":
            if label["file"] not in teacher:
                continue
            points = merge_teacher(points, np.float32(teacher[label["file"]]))
            if points is None:
                continue
        image = cv2.imread(os.path.join(folder, label["file"]))
        yield image, points, label["set"], label["split"], label["file"]


def clips(folder, labels_path):
    """Frames named CLIP_NUMBER.jpg with the teacher's labels."""
    with open(labels_path) as file:
        labels = json.load(file)
    for name in sorted(labels):
        clip = name.rsplit("_", 1)[0]
        image = cv2.imread(os.path.join(folder, name))
        crop, points = crop_around(image, np.float32(labels[name]))
        yield crop, points, "clip", "val" if clip in CLIPS_HELD_OUT else "train", name


def synthface(program, people=16, frames=60, kept=8):
    """Rendered faces. The motion takes ten seconds: at 6 frames a second, 60."""
    with tempfile.TemporaryDirectory() as folder:
        video, truth = os.path.join(folder, "a.mkv"), os.path.join(folder, "a.jsonl")
        for seed in range(1, people + 1):
            subprocess.run([program, "--frames", str(frames), "--fps", "6", "--size", "384x384",
                            "--seed", str(seed), "--landmarks", truth, "-o", video], check=True)
            with open(truth) as file:
                lines = [json.loads(line) for line in file]
            reader = cv2.VideoCapture(video)
            for number, line in enumerate(lines):
                good, image = reader.read()
                if good and (number + seed) % (frames // kept) == 0:
                    crop, points = crop_around(image, np.float32(line["points"]))
                    yield crop, points, "synth", "train", f"synth/{seed}_{number}"


def negatives(data, split, count):
    """Squares of whole images that hold no face, or hardly any of one."""
    rng = np.random.default_rng(7)
    folder = os.path.join(data, "frames")
    with open(os.path.join(folder, "boxes.json")) as file:
        frames = [f for f in json.load(file) if f["split"] == split]
    empty = [f for f in frames if f["file"].startswith("coco_noperson")]
    none = np.full((68, 2), np.nan, np.float32)
    made = 0
    while made < count:
        pool = empty if rng.random() < 0.5 else frames
        frame = pool[rng.integers(len(pool))]
        image = cv2.imread(os.path.join(folder, frame["file"]))
        height, width = image.shape[:2]
        side = min(height, width) * rng.uniform(0.15, 1)
        x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
        boxes = [] if frame in empty else frame["gt_boxes"] + [b[:4] for b in frame["rfb_boxes"]]
        if any(overlap((x, y, x + side, y + side), box) > 0.1 for box in boxes):
            continue
        part = image[int(y):int(y + side), int(x):int(x + side)]
        yield cv2.resize(part, (EDGE, EDGE)), none, "none", split, f"none/{made}_{frame['file']}"
        made += 1


def overlap(square, box):
    """The share of the box that lies inside the square."""
    width = min(square[2], box[2]) - max(square[0], box[0])
    height = min(square[3], box[3]) - max(square[1], box[1])
    area = max((box[2] - box[0]) * (box[3] - box[1]), 1)
    return max(width, 0) * max(height, 0) / area


def write_set(items, out):
    os.makedirs(out, exist_ok=True)
    points, sets, splits, names = [], [], [], []
    with open(os.path.join(out, "images.u8"), "wb") as file:
        for image, face, origin, split, name in items:
            file.write(np.ascontiguousarray(image[..., ::-1]).tobytes())  # RGB
            points.append(face)
            sets.append(origin)
            splits.append(split)
            names.append(name)
    np.savez(os.path.join(out, "index.npz"), points=np.float32(points), sets=np.array(sets),
             splits=np.array(splits), names=np.array(names))
    for origin in dict.fromkeys(sets):
        chosen = np.array(sets) == origin
        print(f"{origin:12} train {np.sum(chosen & (np.array(splits) == 'train')):5} "
              f"val {np.sum(chosen & (np.array(splits) == 'val')):4}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--out", required=True)
    parser.add_argument("--clips", help="folder of clip frames")
    parser.add_argument("--clip-labels", help="the teacher's labels of them")
    parser.add_argument("--synthface", help="the program of that name")
    options = parser.parse_args()

    def items():
        yield from faces68(options.data)
        yield from negatives(options.data, "train", 1200)
        yield from negatives(options.data, "val", 200)
        if options.synthface:
            yield from synthface(options.synthface)
        if options.clips:
            yield from clips(options.clips, options.clip_labels)

    write_set(items(), options.out)


if __name__ == "__main__":
    main()
