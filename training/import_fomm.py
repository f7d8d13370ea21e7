"""Makes a weight file of the keypoint detector of a First Order Motion Model checkpoint.

    python3 -m training.import_fomm vox-cpk.pth.tar -o models/fomm.safetensors [--size 256]

Takes the tensors under their published names (vox-256 layout, any width and number
of keypoints). The image comes in at full size; what the detector makes of it
first, a Gaussian and every fourth pixel, mocapd does too, so the file need not hold it.
"""

import argparse
import re

import numpy as np
import torch

from . import safetensors

RENAMED = [(r"predictor\.encoder\.down_blocks\.(\d+)\.", r"down.\1."),
           (r"predictor\.decoder\.up_blocks\.(\d+)\.", r"up.\1."),
           (r"\.norm\.", ".bn."), (r"^kp\.", "head.kp."), (r"^jacobian\.", "head.jac.")]
LEVELS = 5


def own_name(name):
    for pattern, own in RENAMED:
        name = re.sub(pattern, own, name)
    return name


def gaussian(factor):
    """The anti-alias filter's weights, as the published code makes them."""
    deviation = (factor - 1) / 2
    reach = 2 * (factor - 1)
    line = np.exp(-np.arange(-reach, reach + 1) ** 2 / (2 * deviation ** 2))
    return np.outer(line, line) / line.sum() ** 2


def antialias_factor(state):
    """By how much the detector shrinks the image first; 1 where it doesn't."""
    filters = state.get("down.weight")
    if filters is None:
        return 1
    factor = (filters.shape[-1] - 1) // 4 + 1
    wanted = gaussian(factor)
    if filters.shape[-1] != len(wanted) or np.abs(filters[:, 0].numpy() - wanted).max() > 1e-5:
        raise SystemExit(f"down.weight: is not the published Gaussian of {tuple(filters.shape)}")
    return factor


def detector_of(checkpoint):
    state = checkpoint.get("kp_detector", checkpoint)
    if "kp.weight" not in state:
        raise SystemExit("has no kp_detector with kp.weight: is it a First Order Motion Model?")
    return state


def convert(checkpoint, size):
    """-> tensors, metadata"""
    state = detector_of(checkpoint)
    tensors = {own_name(name): value.float().numpy() for name, value in state.items()
               if not name.endswith("num_batches_tracked") and name != "down.weight"}
    if f"down.{LEVELS}.conv.weight" in tensors or f"down.{LEVELS - 1}.conv.weight" not in tensors:
        raise SystemExit(f"wants an hourglass of {LEVELS} levels, as vox-256 has it")
    keypoints, features, kernel, _ = tensors["head.kp.weight"].shape
    if "head.jac.weight" in tensors and len(tensors["head.jac.weight"]) == 4 != 4 * keypoints:
        for name in ("head.jac.weight", "head.jac.bias"):  # one map for all keypoints
            tensors[name] = np.concatenate([tensors[name]] * keypoints)
    return tensors, {
        "mocap.arch": "hourglass", "mocap.features": str(features),
        "mocap.head": "motion", "mocap.head_form": "kp", "mocap.head_kernel": str(kernel),
        "mocap.softmax_temperature": "0.1", "mocap.keypoints": str(keypoints),
        "mocap.jacobians": "1" if "head.jac.weight" in tensors else "0",
        "mocap.keypoint_set": f"fomm{keypoints}", "mocap.input": f"{size}x{size}",
        "mocap.antialias": str(antialias_factor(state)), "mocap.channels": "rgb",
        "mocap.scale": "1/255", "mocap.mean": "0", "mocap.crop_margin": "1.5",
        "mocap.training": "imported from a First Order Motion Model checkpoint"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--size", type=int, default=256, help="edge of the image, pixels")
    options = parser.parse_args()
    checkpoint = torch.load(options.checkpoint, map_location="cpu")
    safetensors.write(options.output, *convert(checkpoint, options.size))


if __name__ == "__main__":
    main()
