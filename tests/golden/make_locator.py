#!/usr/bin/env python3
"""Makes locator.safetensors: what PyTorch gives for a 64x32 picture in the face locator.

Its weights are those that nn_weights_create_random(7) invents, so the file holds
only the picture and the maps. Run with Debian's python3 and python3-torch.
"""
import pathlib
import sys

import torch

from make import invent, save

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from training.locator_net import Locator  # noqa: E402  (the path is set above)


def main():
    net = Locator().eval()
    for name, tensor in net.state_dict().items():
        if tensor.dtype.is_floating_point:
            tensor.copy_(torch.from_numpy(invent(name, *tensor.shape)).float())
    picture = invent("input", 3, 32, 64)
    with torch.no_grad():
        maps = net(torch.from_numpy(picture).float()[None])[0]
    save(HERE / "locator.safetensors", {"input": picture, "maps": maps.numpy()})


if __name__ == "__main__":
    main()
