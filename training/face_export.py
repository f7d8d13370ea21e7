"""Writes the weight file of a network of the whole face.

    python3 -m training.face_export --run RUN --rig ../shared/dense/ict.npz -o FILE [--type f32]

The run's averaged weights; float16 unless told otherwise, but float32 for norms and the mean face,
whose small differences matter. The teacher's head stays behind; so does the expression head of a
run with --points."""

import argparse
import json

import numpy as np
import torch

from . import checkpoint, licences, nets, safetensors
from .face_data import READ
from .heads.rig import Rig
from .nets.face import DENSE, LANDMARKS, LOOKS, FaceNet

# What the numbers of an expression mean.
EXPRESSION = {
    "mocap.shapes": ",".join(READ),
    "mocap.gaze": "left yaw, left pitch, right yaw, right pitch; radians in the head's axes; "
                  "yaw to the person's left, pitch up",
    "mocap.looks_at_one": "30 degrees sideways, 25 up or down",
    "mocap.turn": "two columns of the rotation from the head's axes (x to the person's left, "
                  "y up, z out of the face) to the camera's (x right, y up, z backwards)"}
EXPRESSION_OF_FACE = {
    **EXPRESSION,
    "mocap.expression_places": json.dumps([[list(marks), [list(o) for o in offsets]]
                                           for marks, offsets in LOOKS])}
PRECISE = ("running_var", "expression.norm", "expression.even", "template")


def metadata_of(options, rig):
    groups, first = {"landmarks": [0, LANDMARKS]}, LANDMARKS
    for name, count in {**rig.group_sizes, "irises": 10}.items():
        groups[name] = [first, count]
        first += count
    return {
        "mocap.arch": "lednet", "mocap.features": "64", "mocap.head": "face",
        "mocap.keypoints": str(LANDMARKS), "mocap.keypoint_set": "ibug68",
        "mocap.dense": str(DENSE), "mocap.dense_set": f"ict{DENSE}",
        "mocap.input": f"{options['size']}x{options['size']}", "mocap.channels": "rgb",
        "mocap.scale": "1/255", "mocap.mean": "0.5",
        "mocap.crop_margin": f"{options['margin']:g}", "mocap.softmax_temperature": "1",
        "mocap.dense_groups": json.dumps(groups),
        "mocap.dense_vertices": ",".join(map(str, rig.dense)),
        **(EXPRESSION_OF_FACE if options["expression"] else {}),
        "mocap.license": licences.FREE if options["free"] else licences.RESEARCH,
        "mocap.training": (f"training.face_train, {options['reached']} steps of "
                           f"{options['batch']}, seed {options['seed']}"
                           f"{checkpoint.lineage_of(options)}")}


def tensors_of(net, number_type):
    state = net.state_dict()
    return {name: state[own].numpy().astype(
                np.float32 if any(part in name for part in PRECISE) else number_type)
            for name, own in nets.file_names(net).items() if "expression.teacher" not in name}


def net_of(run):
    """The averaged network of a run, its options with the steps reached."""
    state = checkpoint.load(run)
    if state is None:
        raise SystemExit(f"{run}: has no checkpoint")
    options = {"expression": True, "free": False, **state["options"], "reached": state["step"]}
    net = FaceNet(options["expression"])
    net.load_state_dict(state["average"])
    return net.eval(), options


def load(path):
    """A weight file's network."""
    tensors, metadata = safetensors.read(path)
    if metadata.get("mocap.head") != "face":
        raise SystemExit(f"{path}: must have a face head, got {metadata.get('mocap.head')}")
    net = FaceNet(expression="mocap.shapes" in metadata)
    state = net.state_dict()
    for name, own in nets.file_names(net).items():
        if name in tensors:
            state[own].copy_(torch.from_numpy(tensors[name].astype(np.float32)))
        elif "expression.teacher" not in name:
            raise SystemExit(f"{path}: lacks {name}")
    return net.eval(), metadata


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--rig", required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--type", choices=("f16", "f32"), default="f16")
    options = parser.parse_args()
    net, trained = net_of(options.run)
    number_type = np.float16 if options.type == "f16" else np.float32
    safetensors.write(options.output, tensors_of(net, number_type),
                      metadata_of(trained, Rig(options.rig)))


if __name__ == "__main__":
    main()
