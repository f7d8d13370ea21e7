"""A set for training on renders alone: crops of photographs without people, from Debian's
gcompris-qt-data, and the rig's mirror image.

    python3 -m training.free_prepare --scenes GCOMPRIS --rig ../shared/dense/ict.npz --out SET
        [--backgrounds FOLDER]

--backgrounds: the photographs as files, for training.heads.make. No photograph of a person and no
label is read, so that what learns from this set and from such renders is free."""

import argparse
import os

import cv2
import numpy as np

from .heads.rig import Rig
from .locator_prepare import read_scenes
from .nets.face import DENSE
from .prepare import EDGE, write_set


def crops(photographs, count, seed=7):
    rng = np.random.default_rng(seed)
    for number in range(count):
        image = photographs[rng.integers(len(photographs))]
        side = int(min(image.shape[:2]) * rng.uniform(0.3, 1))
        y, x = (int(rng.integers(0, edge - side + 1)) for edge in image.shape[:2])
        part = cv2.resize(image[y:y + side, x:x + side], (EDGE, EDGE))
        yield part, np.full((68, 2), np.nan), "none", "train", f"none/{number}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", required=True, help="where Debian's gcompris-qt-data is unpacked")
    parser.add_argument("--rig", required=True, help="ICT-FaceKit's arrays, ict.npz")
    parser.add_argument("--out", required=True)
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--backgrounds", help="folder for the photographs")
    options = parser.parse_args()
    photographs = [image for image, entry in read_scenes(options.scenes)
                   if entry["split"] == "train"]
    if options.backgrounds:
        os.makedirs(options.backgrounds, exist_ok=True)
        for number, image in enumerate(photographs):
            cv2.imwrite(os.path.join(options.backgrounds, f"{number:03}.png"), image)
    write_set(crops(photographs, options.count), options.out)
    np.savez(os.path.join(options.out, "teacher.npz"), names=np.array([], str),
             dense=np.full((options.count, DENSE, 2), np.nan, np.float32),
             shapes=np.full((options.count, 0), np.nan, np.float32), mirror=Rig(options.rig).mirror)


if __name__ == "__main__":
    main()
