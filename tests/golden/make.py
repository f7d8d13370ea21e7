#!/usr/bin/env python3
"""Makes lednet.safetensors: what LEDNet gives for a 64x32 picture, block by block.

The network is written here a second time, in numpy and double precision,
independent of the C code and of PyTorch. Its weights are those that
nn_weights_create_random(7) invents (the same generator is below), so the file
holds only the input and the results.

Run with Debian's python3 and python3-numpy: tests/golden/make.py
"""
import json
import pathlib
import struct

import numpy as np

SEED = 7
MASK = (1 << 64) - 1
EPSILON = 1e-3


def invent(name, *shape):
    """The tensor that nn_weights_create_random invents, in single precision."""
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
    elif name.endswith(("running_var", ".weight")):
        noise = np.float32(1) + np.float32(0.1) * np.clip(noise, np.float32(-4), np.float32(4))
    else:
        noise *= np.float32(0.1)
    return noise.reshape(shape).astype(np.float64)


def relu(x):
    return np.maximum(x, 0)


def conv(x, name, channels, kernel, stride=1, dilation=(1, 1)):
    """Zero-padded "same" convolution; x is channels x height x width."""
    weight = invent(name + ".weight", channels, x.shape[0], *kernel)
    bias = invent(name + ".bias", channels)
    pad = [(k - 1) // 2 * d for k, d in zip(kernel, dilation)]
    padded = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    height, width = [(n + 2 * p - d * (k - 1) - 1) // stride + 1
                     for n, p, d, k in zip(x.shape[1:], pad, dilation, kernel)]
    y = np.zeros((channels, height, width)) + bias[:, None, None]
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            window = padded[:, top:top + (height - 1) * stride + 1:stride,
                            left:left + (width - 1) * stride + 1:stride]
            y += np.einsum("oc,chw->ohw", weight[:, :, i, j], window)
    return y


def norm(x, name):
    gamma, beta, mean, variance = (
        invent(f"{name}.{part}", x.shape[0])[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var"))
    return (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta


def pool(x):
    channels, height, width = x.shape
    return x.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))


def resize(x, height, width):
    def matrix(size, wanted):
        at = np.arange(wanted) * ((size - 1) / (wanted - 1) if wanted > 1 else 0)
        low = np.minimum(at.astype(int), size - 1)
        m = np.zeros((wanted, size))
        m[np.arange(wanted), low] += 1 - (at - low)
        m[np.arange(wanted), np.minimum(low + 1, size - 1)] += at - low
        return m
    return np.einsum("yi,cij,xj->cyx", matrix(x.shape[1], height), x, matrix(x.shape[2], width))


def down(x, name, channels):
    y = conv(x, f"{name}.conv", channels - x.shape[0], (3, 3), 2)
    return relu(norm(np.concatenate([y, pool(x)]), f"{name}.bn"))


def pair(x, name, dilation, mirrored):
    c = x.shape[0]
    steps = [("v", (3, 1), (dilation, 1)), ("h", (1, 3), (1, dilation))]
    (a, ka, da), (b, kb, db) = reversed(steps) if mirrored else steps
    x = relu(conv(x, f"{name}.{a}", c, ka, 1, da))
    return norm(conv(x, f"{name}.{b}", c, kb, 1, db), f"{name}.bn")


def split_shuffle(x, name, dilation):
    half = x.shape[0] // 2
    left, right = x[:half], x[half:]
    left = pair(relu(pair(left, f"{name}.la", 1, False)), f"{name}.lb", dilation, False)
    right = pair(relu(pair(right, f"{name}.ra", 1, True)), f"{name}.rb", dilation, True)
    y = relu(np.concatenate([left, right]) + x)
    return y.reshape(2, half, *y.shape[1:]).swapaxes(0, 1).reshape(y.shape)


def cbr(x, name, channels, kernel, stride=1):
    return relu(norm(conv(x, f"{name}.conv", channels, (kernel, kernel), stride), f"{name}.bn"))


def pyramid(x, name, features):
    height, width = x.shape[1:]
    whole = cbr(x.mean(axis=(1, 2), keepdims=True), f"{name}.gp", features, 1)
    pixels = cbr(x, f"{name}.mid", features, 1)
    half = cbr(x, f"{name}.d1", 1, 7, 2)
    quarter = cbr(half, f"{name}.d2", 1, 5, 2)
    eighth = cbr(cbr(quarter, f"{name}.d3a", 1, 3, 2), f"{name}.d3b", 1, 3)
    up = resize(eighth, height // 4, width // 4) + cbr(quarter, f"{name}.s2", 1, 5)
    up = resize(up, height // 2, width // 2) + cbr(half, f"{name}.s1", 1, 7)
    return resize(up, height, width) * pixels + whole


def lednet(x, features):
    blocks = [32, -1, -1, -1, 64, -1, -1, 128, -1, -2, -5, -9, -2, -5, -9, -17]
    results = {}
    size = x.shape[1:]
    for i, block in enumerate(blocks):
        name = f"blocks.{i}"
        x = down(x, name, block) if block > 0 else split_shuffle(x, name, -block)
        results[name] = x
    results["blocks.16"] = x = pyramid(x, "blocks.16", features)
    results["out"] = resize(x, *size)
    return results


def save(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    picture = invent("input", 3, 32, 64)
    save(pathlib.Path(__file__).parent / "lednet.safetensors",
         {"input": picture, **lednet(picture, 20)})


if __name__ == "__main__":
    main()
