"""Writes the locator's averaged weights as safetensors, float16, with all that the program asks for."""
import argparse

import numpy as np
import torch

from training import licences, safetensors
from training.locator_data import FOREHEAD
from training.locator_net import FEATURES, INPUT


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--least-score", type=float, default=0.4,
                        help="from which a box counts as a face: see locator_evaluate")
    parser.add_argument("--free", action="store_true", help="the set was locator_prepare's of renders")
    parser.add_argument("-o", "--output", default="models/face-locator.safetensors")
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint)
    tensors = {name: tensor.numpy().astype(np.float16) for name, tensor in state["slow"].items()
               if not name.endswith("num_batches_tracked")}
    safetensors.write(arguments.output, tensors, {
        "mocap.arch": "lednet-slim",
        "mocap.features": str(FEATURES),
        "mocap.head": "locator",
        "mocap.head_kernel": "3",
        "mocap.input": f"{INPUT}x{INPUT}",
        "mocap.channels": "rgb",
        "mocap.scale": "1/255",
        "mocap.mean": "0.5",
        "mocap.forehead": f"{FOREHEAD:.6f}",
        "mocap.least_score": f"{arguments.least_score:g}",
        "mocap.license": licences.FREE if arguments.free else licences.RESEARCH,
        "mocap.training": f"{state['step']} steps",
    })


if __name__ == "__main__":
    main()
