"""Measures the locator on the validation pictures: recall, precision, false faces.

Each picture is shown whole, in the middle of a square, its edges repeated, as
the program shows it. A face is found when a box overlaps its own by at least
half (intersection over union); boxes on doubtful faces count neither way.
"""
import argparse

import cv2
import numpy as np
import torch

from training import safetensors
from training.locator_data import overlap, read_set, to_input
from training.locator_net import CELL, INPUT, Locator, boxes_of

SAME = 0.4      # overlap of two boxes from which they are one face, as in nn/head_locator.c
COVERED = 0.7   # likewise, of the smaller one


def load(path):
    net = Locator().eval()
    if path.endswith(".pt"):
        net.load_state_dict(torch.load(path)["slow"])
    else:
        tensors, _ = safetensors.read(path)
        net.load_state_dict({name: torch.from_numpy(value.astype(np.float32))
                             for name, value in tensors.items()}, strict=False)
    return net


def covered(a, b):
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return max(across, 0) * max(down, 0) / smaller


def peaks(maps, least):
    """Boxes [left, top, right, bottom, score] in pixels of the input, the surest first."""
    score = maps[:, 0].sigmoid()
    top = torch.nn.functional.max_pool2d(score, 3, 1, 1) == score
    boxes = boxes_of(maps)[0] * CELL
    found = []
    for y, x in zip(*np.nonzero((top & (score >= least))[0].numpy())):
        cx, cy, w, h = boxes[:, y, x].tolist()
        found.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score[0, y, x].item()])
    kept = []
    for box in sorted(found, key=lambda box: -box[4]):
        if all(overlap(box, other) <= SAME and covered(box, other) <= COVERED for other in kept):
            kept.append(box)
    return kept


def locate(net, image, least):
    """Faces of a whole picture, in its pixels."""
    height, width = image.shape[:2]
    scale = INPUT / max(height, width)
    small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))),
                       interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (INPUT - small.shape[0]) // 2, (INPUT - small.shape[1]) // 2
    shown = cv2.copyMakeBorder(small, top, INPUT - small.shape[0] - top, left,
                               INPUT - small.shape[1] - left, cv2.BORDER_REPLICATE)
    with torch.no_grad():
        maps = net(torch.from_numpy(to_input(shown))[None])
    return [[(box[0] - left) / scale, (box[1] - top) / scale, (box[2] - left) / scale,
             (box[3] - top) / scale, box[4]] for box in peaks(maps, least)]


def match(found, faces):
    """Pairs the surest boxes first. The score and the overlap of each face's box, or zeros."""
    matched, used = [(0.0, 0.0)] * len(faces), set()
    for k, box in enumerate(found):
        overlaps = [overlap(box, face) if matched[i][0] == 0 else 0 for i, face in enumerate(faces)]
        if overlaps and max(overlaps) >= 0.5:
            matched[int(np.argmax(overlaps))] = (box[4], max(overlaps))
            used.add(k)
    return matched, used


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True)
    parser.add_argument("--model", required=True, help="checkpoint.pt or .safetensors")
    parser.add_argument("--split", default="val")
    parser.add_argument("--least-height", type=float, default=1 / 8, help="of faces, of the picture's")
    parser.add_argument("--misses", action="store_true", help="tell which faces are not found")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    net = load(arguments.model)
    frames, _ = read_set(arguments.set, arguments.split)
    scores, groups, overlaps, false, empty = [], [], [], [], []
    for picture in frames:
        found = locate(net, np.array(picture.image), 0.05)
        faces = picture.faces
        if picture.set == "coco_noperson":
            empty.append(max([box[4] for box in found], default=0.0))
            continue
        matched, used = match(found, faces)
        for face, (score, shared) in zip(faces, matched):
            if (face[3] - face[1]) >= arguments.least_height * picture.height:
                scores.append(score)
                overlaps.append(shared)
                groups.append(picture.set)
                if arguments.misses and score < 0.3:
                    print("missed", picture.file, np.round(face).tolist())
        for k, box in enumerate(found):
            near = [overlap(box, other) for other in [*faces, *picture.doubtful]]
            if k not in used and max(near, default=0) < 0.3:
                false.append(box[4])
    scores, overlaps, false = np.array(scores), np.array(overlaps), np.array(false)
    print(f"{len(scores)} faces in {len(frames) - len(empty)} pictures, {len(empty)} pictures without people; "
          f"mean overlap of those found {overlaps[scores > 0].mean():.3f}")
    print("score  recall  precision  false in pictures without people")
    for least in (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7):
        hits = (scores >= least).sum()
        wrong = (false >= least).sum()
        print(f"{least:5.2f}  {hits / len(scores):6.3f}  {hits / max(hits + wrong, 1):9.3f}  "
              f"{sum(score >= least for score in empty):4d} of {len(empty)}   "
              + " ".join(f"{name} {np.mean(scores[np.array(groups) == name] >= least):.3f}"
                         for name in sorted(set(groups))))


if __name__ == "__main__":
    main()
