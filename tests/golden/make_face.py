#!/usr/bin/env python3
"""Makes face.safetensors: a rendered head, what PyTorch makes of it with
models/face-expression.safetensors, what it makes of crops by these landmarks with
models/expression.safetensors (crops.*), and its points with models/face.safetensors (alone.*).

    tests/golden/make_face.py --rig ../shared/dense/ict.npz --library build/dev/training/heads/libraster.so

To be run again when those weights change. Needs Debian's python3-torch, -numpy, -scipy, -opencv.
Without --rig the image of the file that is there is kept."""
import argparse
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

# The path is set above.
from training import expression_data, expression_export, face_export, safetensors  # noqa: E402
from training.heads import expressions, people, raster, rig, scene  # noqa: E402
from training.nets.face import turn_matrix  # noqa: E402

SIZE = 128


def rendered(options):
    """Planar, as a network takes it; rolled and turned, the mouth open, the eyes aside."""
    rng = np.random.default_rng(4)
    head = rig.Rig(options.rig)
    face = expressions.Expression(head)
    face.add("jawOpen", 0.4)
    face.add("mouthSmile", 0.6)
    face.look(np.radians([(20, 5), (16, 5)]))
    image, _ = scene.picture(rng, head, raster.Rasteriser(options.library),
                             people.Person(rng, head), face, (20, -8, 15), SIZE, 1.5, plain=True)
    return (image.astype(np.float32) / 255 - 0.5).transpose(2, 0, 1).astype(np.float16)


def expression(head, outputs):
    shapes, gaze, columns, _, similarity = outputs
    return {f"{head}shapes": shapes[0].numpy(), f"{head}gaze": gaze[0].numpy(),
            f"{head}turn": turn_matrix(columns, similarity)[0].numpy()}


def crops_of(image, landmarks):
    """landmarks: pixels of the image"""
    net, metadata = expression_export.load(HERE.parent.parent / "models" /
                                           "expression.safetensors")
    size = int(metadata["mocap.input"].split("x")[0])
    template = net.head.expression.template.numpy()
    colours = ((image.astype(np.float32) + 0.5) * 255).round().astype(np.uint8)
    crops, points, _ = expression_data.cut(np.ascontiguousarray(colours.transpose(1, 2, 0)),
                                           landmarks.astype(float), template, size)
    crops = (crops.astype(np.float32) / 255 - 0.5).transpose(2, 0, 1).astype(np.float16)
    points = points.astype(np.float32) * (size // 2)
    with torch.no_grad():
        outputs = net(torch.from_numpy(crops).float()[None], torch.from_numpy(points)[None])
    squares = [[*square["centre"], square["side"], square["angle"]]
               for square in expression_data.squares_of(landmarks.astype(float), template)]
    return {"crops.input": crops, "crops.landmarks": points, **expression("crops.", outputs),
            "crops.squares": np.float32(squares)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rig")
    parser.add_argument("--library")
    options = parser.parse_args()
    path = HERE / "face.safetensors"
    image = rendered(options) if options.rig else safetensors.read(path)[0]["input"]
    models = HERE.parent.parent / "models"
    net, _ = face_export.load(models / "face-expression.safetensors")
    points_net, _ = face_export.load(models / "face.safetensors")
    with torch.no_grad():
        inputs = torch.from_numpy(image).float()[None]
        points, _, _, outputs = net(inputs)
        alone = points_net(inputs)[0]
    points = (points[0] * SIZE).numpy()
    safetensors.write(path, {"input": image, "points": points, **expression("", outputs),
                             "alone.points": (alone[0] * SIZE).numpy(),
                             **crops_of(image, points[:68])}, {})


if __name__ == "__main__":
    main()
