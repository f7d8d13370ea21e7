"""Measures the locator on the validation images: recall, precision, false faces.

Each image is shown whole, in the middle of a square, its edges repeated, as
the program shows it. A face is found when a box overlaps its own by at least
half (intersection over union); boxes on doubtful faces count neither way.
"""
import argparse

import cv2
import numpy as np
import torch

from training import report, safetensors
from training.locator_data import overlap, read_set, to_input
from training.locator_net import CELL, INPUT, Locator, boxes_of

SAME = 0.4      # overlap of two boxes from which they are one face, as in nn/heads/head_locator.c
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
    """Boxes [left, top, right, bottom, score] in pixels of the input, highest score first."""
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
    """Faces of a whole image, in its pixels."""
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
    """Pairs boxes with the highest scores first. The score and the overlap of each face's box, or zeros."""
    matched, used = [(0.0, 0.0)] * len(faces), set()
    for k, box in enumerate(found):
        overlaps = [overlap(box, face) if matched[i][0] == 0 else 0 for i, face in enumerate(faces)]
        if overlaps and max(overlaps) >= 0.5:
            matched[int(np.argmax(overlaps))] = (box[4], max(overlaps))
            used.add(k)
    return matched, used


class Measure:
    """What the network says of each face, each place without one, each image without
    people: scores. least_height: of the faces that count, of the image's."""

    def __init__(self, net, frames, least_height):
        self.scores, self.overlaps, self.sets, self.false = [], [], [], []
        self.empty, self.pictures, self.misses = [], 0, []
        for picture in frames:
            found = locate(net, np.array(picture.image), 0.05)
            if picture.is_empty:
                self.empty.append(max([box[4] for box in found], default=0.0))
            else:
                self.pictures += 1
                self.add(picture, found, least_height * picture.height)
        self.scores, self.overlaps = np.array(self.scores), np.array(self.overlaps)
        self.sets, self.false = np.array(self.sets), np.array(self.false)
        self.empty = np.array(self.empty)

    def add(self, picture, found, least):
        matched, used = match(found, picture.faces)
        for face, (score, shared) in zip(picture.faces, matched):
            if face[3] - face[1] >= least:
                self.scores.append(score)
                self.overlaps.append(shared)
                self.sets.append(picture.set)
                if score < 0.3:
                    self.misses.append((picture.file, np.round(face).tolist()))
        for k, box in enumerate(found):
            near = [overlap(box, other) for other in [*picture.faces, *picture.doubtful]]
            if k not in used and max(near, default=0) < 0.3:
                self.false.append(box[4])

    def table(self):
        names, rows = sorted(set(self.sets)), []
        for least in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
            hits, wrong = (self.scores >= least).sum(), (self.false >= least).sum()
            rows.append([f"{least:.1f}", percent(hits / len(self.scores)),
                         *(percent(np.mean(self.scores[self.sets == n] >= least)) for n in names),
                         percent(hits / max(hits + wrong, 1))])
            if len(self.empty):
                rows[-1].append(f"{(self.empty >= least).sum()} of {len(self.empty)}")
        head = ["least score", "recall", *names, "precision"]
        if len(self.empty):
            head.append("images without people with a box")
        return (f"{len(self.scores)} faces in {self.pictures} images; mean overlap of those "
                f"found {self.overlaps[self.scores > 0].mean():.2f}.\n\n{report.table(head, rows)}")


def percent(share):
    return f"{share * 100:.1f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True)
    parser.add_argument("--model", required=True, help="checkpoint.pt or .safetensors")
    parser.add_argument("--split", default="val")
    parser.add_argument("--least-height", type=float, default=1 / 8, help="of faces, of the image's")
    parser.add_argument("--misses", action="store_true", help="tell which faces are not found")
    parser.add_argument("--page", help="Markdown file with the mark <!-- locator -->")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    frames, *_ = read_set(arguments.set, arguments.split)
    net = load(arguments.model)
    measure = Measure(net, [p for p in frames if not p.is_rendered], arguments.least_height)
    text = measure.table()
    rendered = [p for p in frames if p.is_rendered]
    if rendered:
        text += ("\n\nRendered heads of held-out people, turned sideways by up to 30 degrees, by up to 60, and "
                 "by more:\n\n" + Measure(net, rendered, 0).table())
    print(text)
    if arguments.misses:
        for file, face in measure.misses:
            print("missed", file, face)
    if arguments.page:
        report.replace_between(arguments.page, "locator", text)


if __name__ == "__main__":
    main()
