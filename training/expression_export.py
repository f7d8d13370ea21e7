"""Writes the weight file of an expression network, and reads it.

    python3 -m training.expression_export --run RUN --renders RENDERS -o FILE [--type f32]

The run's averaged weights; float16 unless told otherwise, but float32 for norms and the mean face,
whose small differences matter. The teacher's head stays behind.

A network that is not sure says less than there is. So each shape is multiplied by what brings a
shape that is there in full to one on the average of RENDERS (--kind single, of people of the
training), within bounds."""

import argparse
import json

import numpy as np
import torch

from . import checkpoint, licences, nets, safetensors
from .expression_data import cut, landmarks_of_renders
from .expression_train import predict
from .face_data import READ, Renders
from .face_export import EXPRESSION, tensors_of
from .models import Model
from .nets.expression import CROPS, MAPS, ExpressionNet

LEAST_GAIN, MOST_GAIN = 0.8, 2.0
LEAST_READ = 0.15  # of a shape at full strength; less is not read, and not made more of


def metadata_of(options):
    return {
        "mocap.arch": "plain", "mocap.features": str(MAPS), "mocap.head": "expression",
        "mocap.keypoint_set": "ibug68", "mocap.input": f"{options['size']}x{options['size']}",
        "mocap.channels": "rgb", "mocap.scale": "1/255", "mocap.mean": "0.5",
        "mocap.expression_places": json.dumps([[list(marks), [list(offset)]]
                                               for marks, offset, _ in CROPS]),
        "mocap.crop_edges": ",".join(f"{edge:g}" for _, _, edge in CROPS), **EXPRESSION,
        "mocap.license": licences.FREE if options.get("free") else licences.RESEARCH,
        "mocap.training": (f"training.expression_train, {options['reached']} steps of "
                           f"{options['batch']}, seed {options['seed']}"
                           f"{checkpoint.lineage_of(options)}")}


def single_responses(net, renders, found, template, size):
    """One shape at a time at full strength -> {case: change of all shapes, mean over people}."""
    views = [cut(renders.image(i), found[i], template, size)[:2] for i in range(len(renders))]
    shapes = predict(net, *zip(*views))[0]
    rows = renders.rows
    at = {(p, c): i for i, (p, c) in enumerate(zip(rows["person"], rows["case"]))}
    people = np.unique(rows["person"])
    return {case: np.mean([shapes[at[p, case]] - shapes[at[p, "neutral"]] for p in people], 0)
            for case in dict.fromkeys(rows["case"])}


def gains_of(responses):
    gains = np.ones(len(READ))
    for k, name in enumerate(READ):
        base = name.removesuffix("Left").removesuffix("Right")
        change = responses.get(name, responses.get(base))
        if change is not None and change[k] > LEAST_READ:
            gains[k] = np.clip(1 / change[k], LEAST_GAIN, MOST_GAIN)
    return gains


def scale_shapes(net, gains):
    out = net.head.expression.out
    with torch.no_grad():
        factor = torch.from_numpy(np.float32(gains))
        out.weight[:len(READ)] *= factor[:, None]
        out.bias[:len(READ)] *= factor


def load(path):
    tensors, metadata = safetensors.read(path)
    if metadata.get("mocap.head") != "expression":
        raise SystemExit(f"{path}: must have an expression head, got {metadata.get('mocap.head')}")
    net = ExpressionNet(int(metadata["mocap.input"].split("x")[0]))
    state = net.state_dict()
    for name, own in nets.file_names(net).items():
        if name in tensors:
            state[own].copy_(torch.from_numpy(tensors[name].astype(np.float32)))
        elif "expression.teacher" not in name:
            raise SystemExit(f"{path}: lacks {name}")
    return net.eval(), metadata


def net_of(run):
    """The averaged network of a run, its options with the steps reached."""
    state = checkpoint.load(run)
    if state is None:
        raise SystemExit(f"{run}: has no checkpoint")
    net = ExpressionNet(state["options"]["size"])
    net.load_state_dict(state["average"])
    return net.eval(), {**state["options"], "reached": state["step"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--renders", required=True, help="of --kind single")
    parser.add_argument("--landmarks", default="models/face.safetensors")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--type", choices=("f16", "f32"), default="f16")
    options = parser.parse_args()
    torch.set_num_threads(1)
    net, trained = net_of(options.run)
    renders = Renders(options.renders)
    found = landmarks_of_renders(renders, Model(options.landmarks), options.run + "/gains")
    gains = gains_of(single_responses(net, renders, found, net.head.expression.template.numpy(),
                                      trained["size"]))
    print("gains", {name: round(float(g), 2) for name, g in zip(READ, gains)})
    scale_shapes(net, gains)
    number_type = np.float16 if options.type == "f16" else np.float32
    safetensors.write(options.output, tensors_of(net, number_type), metadata_of(trained))


if __name__ == "__main__":
    main()
