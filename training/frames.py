"""Frames of clips as images, for a teacher to label.

    python3 -m training.frames CLIP... -o DIR

Writes DIR/CLIP_NUMBER.jpg: every frame of a short clip, every second of one
above 150 frames, every third above 900."""

import argparse
import os

import cv2


def step_of(count):
    return 3 if count > 900 else 2 if count > 150 else 1


def write_frames(path, folder):
    name = os.path.splitext(os.path.basename(path))[0]
    reader = cv2.VideoCapture(path)
    step = step_of(int(reader.get(cv2.CAP_PROP_FRAME_COUNT)))
    number = 0
    while True:
        good, picture = reader.read()
        if not good:
            break
        if number % step == 0:
            cv2.imwrite(os.path.join(folder, f"{name}_{number:04d}.jpg"), picture,
                        [cv2.IMWRITE_JPEG_QUALITY, 95])
        number += 1
    if number == 0:
        raise SystemExit(f"{path}: no frame in it")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    for clip in options.clips:
        write_frames(clip, options.output)


if __name__ == "__main__":
    main()
