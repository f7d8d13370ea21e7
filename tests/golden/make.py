#!/usr/bin/env python3
"""Makes lednet.safetensors, LEDNet's output for a 64x32 image block by block, and
networks.safetensors, the output of every network for it.

The operators are those of tools/numpy_graph.py, independent of the C code and of PyTorch;
the networks are those of tools/networks.py. The weights are those of
nn_weights_create_random(7) (the same generator is below), so the files hold only the input
and the outputs.

Run with Debian's python3 and python3-numpy: tests/golden/make.py
"""
import functools
import json
import pathlib
import struct
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
from networks import NETWORKS  # noqa: E402
from numpy_graph import Graph  # noqa: E402

SEED = 7
MASK = (1 << 64) - 1


@functools.cache
def random_tensor(name, *shape):
    """The tensor of nn_weights_create_random, in single precision."""
    state = SEED
    for byte in name.encode():
        state = (state * 31 + byte) & MASK
    count = int(np.prod(shape))
    noise = np.empty(count, np.float32)
    for i in range(count):
        total = np.float32(0)
        for _ in range(4):
            state = (state * 6364136223846793005 + 1442695040888963407) & MASK
            total += np.float32(state >> 40) / np.float32(1 << 24) - np.float32(0.5)
        noise[i] = total * np.float32(1.7320508)
    if len(shape) == 4:
        noise *= np.sqrt(np.float32(2) / np.float32(count // shape[0]))
    elif name.endswith(".f.weight"):
        noise = np.float32(0.25) + np.float32(0.1) * noise
    elif name.endswith(("running_var", ".weight")):
        noise = np.float32(1) + np.float32(0.1) * np.clip(noise, np.float32(-4), np.float32(4))
    else:
        noise *= np.float32(0.1)
    return noise.reshape(shape).astype(np.float64)


class Tensors:
    @staticmethod
    def get(name, shape):
        return random_tensor(name, *shape)


def save(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def run(name, image, features):
    """The network's output, resized to the image's size if smaller, and its graph."""
    graph = Graph(Tensors())
    network, reduction, _ = NETWORKS[name]
    x = network(graph, image, features)
    return (graph.resize(x, "out", *image.shape[1:]) if reduction > 1 else x), graph


def main():
    folder = pathlib.Path(__file__).parent
    image = random_tensor("input", 3, 32, 64)
    out, graph = run("lednet", image, 20)
    save(folder / "lednet.safetensors", {"input": image, **graph.marks, "out": out})
    save(folder / "networks.safetensors",
         {"input": image, **{name: run(name, image, 5)[0] for name in NETWORKS}})


if __name__ == "__main__":
    main()
