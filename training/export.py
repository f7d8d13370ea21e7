"""Writes the weight file that mocapd loads.

    python3 -m training.export --run RUN -o models/face68.safetensors [--type f32]

Takes the run's averaged weights; float16 unless told otherwise (sizes halve, the
keypoints move by less than a hundredth of a pixel)."""

import argparse

import numpy as np

from . import checkpoint, nets, safetensors
from .train import make_net


def landmark_metadata(options, net):
    head = net.head
    return {
        "mocap.arch": net.arch, "mocap.features": str(net.backbone.features),
        "mocap.head": head.kind, "mocap.head_kernel": str(head.kp.kernel_size[0]),
        "mocap.head_upsample": str(head.upsample), "mocap.softmax_temperature": "1",
        "mocap.keypoints": str(head.kp.out_channels), "mocap.keypoint_set": "ibug68",
        "mocap.input": f"{options['size']}x{options['size']}", "mocap.channels": "rgb",
        "mocap.scale": "1/255", "mocap.mean": "0.5", "mocap.crop_margin": f"{options['margin']:g}",
        "mocap.training": (f"training.train, {options['steps']} steps of {options['batch']}, "
                           f"seed {options['seed']}")}


def tensors_of(net, number_type):
    state = net.state_dict()
    tensors = {name: state[own].numpy() for name, own in nets.file_names(net).items()}
    # A variance below float16's smallest number would become zero.
    return {name: array.astype(np.float32 if name.endswith("running_var") else number_type)
            for name, array in tensors.items()}


def net_of(run):
    """The averaged weights of a run, and its options."""
    state = checkpoint.load(run)
    if state is None:
        raise SystemExit(f"{run}: has no checkpoint")
    options = state["options"]
    if options["head"] != "landmark":
        raise SystemExit(f"{run}: has a {options['head']} head, wants landmark")
    net = make_net(argparse.Namespace(**options))
    net.load_state_dict(state["average"])
    return net.eval(), options


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--type", choices=("f16", "f32"), default="f16")
    options = parser.parse_args()
    net, trained = net_of(options.run)
    number_type = np.float16 if options.type == "f16" else np.float32
    safetensors.write(options.output, tensors_of(net, number_type),
                      landmark_metadata(trained, net))


if __name__ == "__main__":
    main()
