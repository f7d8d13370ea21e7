#!/usr/bin/env python3
"""Writes a model as ONNX, so that other programs can run the same weights.

    export_onnx.py MODEL.safetensors OUT.onnx [--keypoints]
    export_onnx.py --random [--arch A] --size S MODEL.safetensors OUT.onnx [--keypoints]

The graph is the network as PyTorch defines it, with batch norms not folded. Its input is
`image`, 1 x 3 x height x width, normalised as the model requires; its output is
`heatmaps`, the logits of the landmark head, 1 x keypoints x map height x map width. With
--keypoints there is also `keypoints`, 1 x keypoints x 2: x and y in pixels of the input.

With --int8 the graph is quantised as mocapd quantises the model: see onnx_quantised.py. The
ranges of its maps are those for an image of noise.

With --random the weights are random and also written to MODEL.safetensors: a pair of files
for comparing the speed of programs at any input size.

Requires Python 3.9 and numpy; the two file formats are implemented here.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np

from networks import NETWORKS
from onnx_graph import Graph
from onnx_quantised import Graph as QuantisedGraph


# ---- safetensors ----------------------------------------------------------------

DTYPES = {"F32": "<f4", "F16": "<f2"}


def load(path):
    """The tensors by name, in single precision, and the metadata."""
    raw = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + length]), raw[8 + length:]
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{name}: dtype must be {' or '.join(DTYPES)}, got {entry['dtype']}")
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float32)
    return tensors, metadata


def save(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in sorted(tensors.items()):
        raw = tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class RandomTensors(dict):
    """Random tensors, made as they are asked for, at a scale that keeps activations near one."""

    def __init__(self, seed=1):
        super().__init__()
        self.random = np.random.default_rng(seed)

    @staticmethod
    def mean(name):
        """Scales and variances of norms are near one, slopes near a quarter, the rest near zero."""
        if name.endswith(".f.weight"):
            return 0.25
        return 1 if name.endswith((".weight", ".running_var")) else 0

    def get(self, name, shape):
        if name in self:
            return self[name]
        if len(shape) == 4:
            scale, mean = np.sqrt(2 / np.prod(shape[1:])), 0
        else:
            scale, mean = 0.1, self.mean(name)
        values = np.clip(self.random.standard_normal(shape), -4, 4)
        self[name] = (mean + scale * values).astype(np.float32)
        return self[name]


class FileTensors(dict):
    """The tensors of a file, checked against the shapes that the network requires."""

    def __init__(self, tensors):
        super().__init__(tensors)
        self.unused = set(tensors)

    def get(self, name, shape):
        if name not in self:
            raise ValueError(f"{name}: must have shape {tuple(shape)}, but there is no such tensor")
        if self[name].shape != tuple(shape):
            raise ValueError(f"{name}: shape must be {tuple(shape)}, got {self[name].shape}")
        self.unused.discard(name)
        return self[name]


# ---- the model --------------------------------------------------------------------

def heat_maps(graph, x, metadata):
    kernel, by = int(metadata["mocap.head_kernel"]), int(metadata["mocap.head_upsample"])
    node = "heatmaps" if by == 1 else "head.kp"
    x = graph.conv(x, "head.kp", int(metadata["mocap.keypoints"]), (kernel, kernel), node=node)
    height, width = graph.size(x)
    graph.output(x if by == 1 else graph.resize(x, "heatmaps", height * by, width * by))


def keypoints(graph):
    """The expected position under the softmax over each map's cells."""
    channels, height, width = graph.shapes["heatmaps"]
    _, input_height, input_width = graph.shapes["image"]
    y, x = np.mgrid[:height, :width] + 0.5
    cells = np.stack([x * input_width / width, y * input_height / height], axis=-1)
    flat = graph.reshape("heatmaps", "flat", (1, channels, height * width))
    probabilities = graph.node("Softmax", [flat], "probabilities", (channels, height * width), axis=2)
    centres = graph.initializer("cells", cells.reshape(-1, 2).astype(np.float32))
    graph.output(graph.node("MatMul", [probabilities, centres], "keypoints", (channels, 2)))


def noise(shape):
    """The image of tests/bench/bench_compare.c, channels first: noise from -0.5 to 0.5."""
    channels, height, width = shape
    seed, values = 1, np.empty(channels * height * width, np.float32)
    for i in range(values.size):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = (seed >> 8) / (1 << 24) - 0.5
    return values.reshape(height, width, channels).transpose(2, 0, 1)


def build(tensors, metadata, with_keypoints, int8):
    arch, head = metadata.get("mocap.arch"), metadata.get("mocap.head")
    if arch not in NETWORKS or head != "landmark":
        raise ValueError(f"mocap.arch must be one of {', '.join(NETWORKS)} and mocap.head "
                         f"landmark, got {arch} and {head}")
    network, reduction, _ = NETWORKS[arch]
    width, height = (int(size) for size in metadata["mocap.input"].split("x"))
    if width % reduction != 0 or height % reduction != 0:
        raise ValueError(f"mocap.input: must be multiples of {reduction}, got {width}x{height}")
    shape, features = (3, height, width), int(metadata["mocap.features"])
    graph = QuantisedGraph(tensors, noise(shape)) if int8 else Graph(tensors, shape)
    image = graph.image if int8 else "image"
    heat_maps(graph, network(graph, image, features), metadata)
    if with_keypoints:
        keypoints(graph)
    return graph.model("mocap export_onnx")


def random_metadata(arch, size):
    _, reduction, features = NETWORKS[arch]
    return {
        "mocap.arch": arch, "mocap.features": str(features), "mocap.input": f"{size}x{size}",
        "mocap.head": "landmark", "mocap.head_kernel": "1",
        "mocap.head_upsample": "2" if reduction > 2 else "1",
        "mocap.softmax_temperature": "1", "mocap.keypoints": "68", "mocap.keypoint_set": "none",
        "mocap.channels": "rgb", "mocap.scale": "1/255", "mocap.mean": "0.5",
        "mocap.crop_margin": "1.5",
    }


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Writes a model as ONNX.", usage="%(prog)s [options] MODEL.safetensors OUT.onnx")
    parser.add_argument("model", metavar="MODEL.safetensors")
    parser.add_argument("out", metavar="OUT.onnx")
    parser.add_argument("--keypoints", action="store_true",
                        help="append softmax and expected position")
    parser.add_argument("--int8", action="store_true", help="quantise the network")
    parser.add_argument("--random", action="store_true",
                        help="random weights, also written to MODEL.safetensors")
    parser.add_argument("--arch", default="lednet", choices=NETWORKS,
                        help="the network with --random: %(choices)s")
    parser.add_argument("--size", type=int, default=128,
                        help="edge of the input with --random, a multiple of 32")
    arguments = parser.parse_args()
    if arguments.size < 32 or arguments.size > 1024 or arguments.size % 32 != 0:
        parser.error(f"--size must be a multiple of 32 from 32 to 1024, got {arguments.size}")
    if arguments.int8 and arguments.keypoints:
        parser.error("--keypoints must be without --int8")
    return arguments


def main():
    arguments = parse_arguments()
    try:
        if arguments.random:
            tensors, metadata = RandomTensors(), random_metadata(arguments.arch, arguments.size)
        else:
            tensors, metadata = load(arguments.model)
            tensors = FileTensors(tensors)
        model = build(tensors, metadata, arguments.keypoints, arguments.int8)
        if arguments.random:
            save(arguments.model, tensors, metadata)
        elif tensors.unused:
            raise ValueError(f"{min(tensors.unused)}: unknown tensor, {metadata['mocap.arch']} has none "
                             "of this name")
        pathlib.Path(arguments.out).write_bytes(model)
    except (OSError, KeyError, ValueError, struct.error) as error:
        sys.exit(f"export_onnx.py: {arguments.model}: {error}")


if __name__ == "__main__":
    main()
