"""Photographs without people, as backgrounds of rendered heads."""

import glob
import json
import os

import cv2


def held_out(folder):
    """Names of the images that are for validation, if boxes.json beside them says so."""
    path = os.path.join(folder, "boxes.json")
    if not os.path.exists(path):
        return set()
    with open(path) as file:
        return {entry["file"] for entry in json.load(file) if entry["split"] == "val"}


def read_photographs(pattern):
    """RGB images of a pattern of paths, without those that are for validation: what trains the
    locator must not show it where there is nobody to be found."""
    images, unused = [], {}
    for path in sorted(glob.glob(pattern)):
        folder, name = os.path.split(path)
        if folder not in unused:
            unused[folder] = held_out(folder)
        if name in unused[folder]:
            continue
        image = cv2.imread(path)
        if image is None:
            raise SystemExit(f"{path}: is not an image")
        images.append(image[..., ::-1])
    return images
