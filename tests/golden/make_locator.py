#!/usr/bin/env python3
"""Makes locator.safetensors: the output of PyTorch's face locator for a 64x32 image.

The weights are those of nn_weights_create_random(7), so the file holds only the input and
the maps. Run with Debian's python3 and python3-torch.
"""
import pathlib
import sys

import torch

from make import random_tensor, save

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from training.locator_net import Locator  # noqa: E402  (the path is set above)


def main():
    net = Locator().eval()
    for name, tensor in net.state_dict().items():
        if tensor.dtype.is_floating_point:
            tensor.copy_(torch.from_numpy(random_tensor(name, *tensor.shape)).float())
    image = random_tensor("input", 3, 32, 64)
    with torch.no_grad():
        maps = net(torch.from_numpy(image).float()[None])[0]
    save(HERE / "locator.safetensors", {"input": image, "maps": maps.numpy()})


if __name__ == "__main__":
    main()
