"""Writes the weight file that mocapd loads.

    python3 -m training.export --run RUN -o models/face68.safetensors [--type f32]

Takes the run's averaged weights; float16 unless told otherwise (sizes halve, the
keypoints move by less than a hundredth of a pixel)."""

import argparse

import numpy as np

from . import checkpoint, licences, nets, safetensors
from .train import make_net


def common_metadata(options, net, keypoints, antialias=1):
    size, teacher = antialias * options["size"], options.get("teacher")
    learnt = f"training.distil, loss {options['loss']}" if teacher else "training.train"
    return {
        "mocap.arch": net.arch, "mocap.features": str(net.backbone.features),
        "mocap.head": net.head.kind,
        "mocap.keypoints": str(keypoints), "mocap.input": f"{size}x{size}",
        "mocap.channels": "rgb", "mocap.scale": "1/255", "mocap.mean": "0.5",
        "mocap.crop_margin": f"{options['margin']:g}", "mocap.license": licences.RESEARCH,
        "mocap.training": (f"{learnt}, {options['reached']} steps of {options['batch']}, "
                           f"seed {options['seed']}{checkpoint.lineage_of(options)}")}


def landmark_metadata(options, net):
    return {**common_metadata(options, net, net.head.kp.out_channels),
            "mocap.head_kernel": str(net.head.kp.kernel_size[0]),
            "mocap.head_upsample": str(net.head.upsample), "mocap.softmax_temperature": "1",
            "mocap.keypoint_set": "ibug68"}


def motion_metadata(options, net, antialias):
    if isinstance(net.head, nets.DirectMotionHead):
        count, form = net.head.keypoints, {"mocap.head_form": "direct"}
    elif isinstance(net.head, nets.SmallMotionHead):
        count = net.head.keypoints
        form = {"mocap.head_form": "small",
                "mocap.head_kernel": str(net.head.maps.kernel_size[0])}
    else:
        count = net.head.kp.out_channels
        form = {"mocap.head_form": "kp",
                "mocap.head_kernel": str(net.head.kp.kernel_size[0])}
    return {**common_metadata(options, net, count, antialias), **form,
            "mocap.softmax_temperature": f"{net.head.temperature:g}", "mocap.jacobians": "1",
            "mocap.keypoint_set": f"fomm{count}", "mocap.antialias": str(antialias)}


def tensors_of(net, number_type):
    state = net.state_dict()
    tensors = {name: state[own].numpy() for name, own in nets.file_names(net).items()}
    # A variance below float16's smallest number would become zero.
    return {name: array.astype(np.float32 if name.endswith("running_var") else number_type)
            for name, array in tensors.items()}


def net_of(run, head="landmark"):
    """The averaged weights of a run, and its options with the steps reached. head None: whichever
    it has."""
    state = checkpoint.load(run)
    if state is None:
        raise SystemExit(f"{run}: has no checkpoint")
    options = {**state["options"], "reached": state["step"]}
    if head is not None and options["head"] != head:
        raise SystemExit(f"{run}: has a {options['head']} head, wants {head}")
    net = make_net(argparse.Namespace(**options))
    net.load_state_dict(state["average"])
    return net.eval(), options


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--type", choices=("f16", "f32"), default="f16")
    parser.add_argument("--antialias", type=int, default=1,
                        help="motion: factor by which images are larger and shrunk first")
    options = parser.parse_args()
    net, trained = net_of(options.run, None)
    motion = trained["head"] == "motion"
    metadata = (motion_metadata(trained, net, options.antialias) if motion
                else landmark_metadata(trained, net))
    number_type = np.float16 if options.type == "f16" else np.float32
    safetensors.write(options.output, tensors_of(net, number_type), metadata)


if __name__ == "__main__":
    main()
