#!/usr/bin/env python3
"""Makes lednet.safetensors, LEDNet's output for a 64x32 image block by block, and
networks.safetensors, the output of every network for it.

The operators are implemented here in numpy and double precision, independent of the C code
and of PyTorch; the networks are those of tools/networks.py. The weights are those of
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


class Graph:
    """Computes each operator right away; a map is channels x height x width."""

    def __init__(self):
        self.marks = {}

    def mark(self, name, x):
        self.marks[name] = x

    def channels(self, x):
        return x.shape[0]

    def size(self, x):
        return x.shape[1:]

    def relu(self, x):
        return np.maximum(x, 0)

    def prelu(self, x, name, slopes):
        return np.where(x > 0, x, x * random_tensor(f"{name}.weight", slopes)[:, None, None])

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def binary(self, kind, x, y, _):
        return x + y if kind == "Add" else x * y

    def conv(self, x, name, channels, kernel, stride=1, dilation=(1, 1), biased=True):
        """"Same" padding with zeros for odd kernel sizes, none for even ones."""
        weight = random_tensor(name + ".weight", channels, x.shape[0], *kernel)
        y = sum(np.einsum("oc,chw->ohw", weight[:, :, i, j], window)
                for i, j, window in windows(x, kernel, stride, dilation))
        return y + bias(name, channels, biased)

    def depthwise(self, x, name, kernel, stride, dilation):
        weight = random_tensor(name + ".weight", x.shape[0], 1, *kernel)
        y = sum(weight[:, 0, i, j, None, None] * window
                for i, j, window in windows(x, kernel, stride, (dilation, dilation)))
        return y + bias(name, x.shape[0], True)

    def transposed(self, x, name, channels, kernel, biased=True):
        """Each input pixel contributes to a window of the output, which is twice as large."""
        inputs, height, width = x.shape
        weight = random_tensor(name + ".weight", inputs, channels, kernel, kernel)
        padding = kernel - 2
        y = np.zeros((channels, 2 * height + 2, 2 * width + 2))
        for i in range(kernel):
            for j in range(kernel):
                y[:, i:i + 2 * height:2, j:j + 2 * width:2] += np.einsum(
                    "co,chw->ohw", weight[:, :, i, j], x)
        y = y[:, padding:padding + 2 * height, padding:padding + 2 * width]
        return y + bias(name, channels, biased)

    def norm(self, x, name, epsilon, _=None):
        gamma, beta, mean, variance = (
            random_tensor(f"{name}.{part}", x.shape[0])[:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var"))
        return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta

    def pool(self, x, _, kernel=2, stride=2, padding=0):
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)), constant_values=-np.inf)
        height, width = [(n - kernel) // stride + 1 for n in x.shape[1:]]
        return np.max([x[:, i:i + stride * height:stride, j:j + stride * width:stride]
                       [:, :height, :width] for i in range(kernel) for j in range(kernel)], axis=0)

    def quarters(self, x):
        """The four pixels of each 2 x 2, row-major."""
        return np.stack([x[:, i::2, j::2] for i in range(2) for j in range(2)])

    def pool_with_index(self, x, _):
        quarters = self.quarters(x)
        return quarters.max(axis=0), quarters.argmax(axis=0)

    def unpool(self, x, index, _):
        y = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2]))
        for k in range(4):
            y[:, k // 2::2, k % 2::2] = np.where(index == k, x, 0)
        return y

    def average(self, x, _):
        return self.quarters(x).mean(axis=0)

    def pad_channels(self, x, _, channels):
        return np.pad(x, ((0, channels - x.shape[0]), (0, 0), (0, 0)))

    def mean(self, x, _):
        return x.mean(axis=(1, 2), keepdims=True)

    def concat(self, x, y, _):
        return np.concatenate([x, y])

    def halves(self, x, _):
        return x[:len(x) // 2], x[len(x) // 2:]

    def shuffle(self, x, _):
        return x.reshape(2, len(x) // 2, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)

    def nearest(self, x, _):
        return x.repeat(2, axis=1).repeat(2, axis=2)

    def resize(self, x, _, height, width):
        def matrix(size, wanted):
            at = np.arange(wanted) * ((size - 1) / (wanted - 1) if wanted > 1 else 0)
            low = np.minimum(at.astype(int), size - 1)
            m = np.zeros((wanted, size))
            m[np.arange(wanted), low] += 1 - (at - low)
            m[np.arange(wanted), np.minimum(low + 1, size - 1)] += at - low
            return m
        return np.einsum("yi,cij,xj->cyx", matrix(x.shape[1], height), x,
                         matrix(x.shape[2], width))


def bias(name, channels, biased):
    return random_tensor(name + ".bias", channels)[:, None, None] if biased else 0


def windows(x, kernel, stride, dilation):
    """For each position of the kernel, the input it reads."""
    pad = [(k - 1) // 2 * d for k, d in zip(kernel, dilation)]
    padded = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    height, width = [(n + 2 * p - d * (k - 1) - 1) // stride + 1
                     for n, p, d, k in zip(x.shape[1:], pad, dilation, kernel)]
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield i, j, padded[:, top:top + (height - 1) * stride + 1:stride,
                               left:left + (width - 1) * stride + 1:stride]


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
    graph = Graph()
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
