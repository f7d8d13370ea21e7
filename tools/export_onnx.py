#!/usr/bin/env python3
"""Writes a model as ONNX, so that other programs can run the same weights.

    export_onnx.py MODEL.safetensors OUT.onnx [--keypoints]
    export_onnx.py --random --size S MODEL.safetensors OUT.onnx [--keypoints]

The graph is the network as PyTorch defines it, batch norms and all: folding
them is the business of whoever runs it. Its input is `picture`, 1 x 3 x height
x width, normalised as the model wants; its output is `heatmaps`, the logits of
the landmark head, 1 x keypoints x map height x map width. With --keypoints there
is also `keypoints`, 1 x keypoints x 2: x and y in pixels of the input.

With --random the weights are invented and written to MODEL.safetensors as well:
a pair for comparing the speed of programs at any size.

Wants Python 3.9 and numpy; the two file formats are written by hand.
"""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np

EPSILON = 1e-3  # of LEDNet's batch norms
OPSET = 17
IR_VERSION = 8  # the one that belongs to opset 17


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
            raise ValueError(f"{name}: wants {' or '.join(DTYPES)}, has {entry['dtype']}")
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
    """Invents every tensor that is asked for, at a scale that keeps activations near one."""

    def __init__(self, seed=1):
        super().__init__()
        self.random = np.random.default_rng(seed)

    def get(self, name, shape):
        if len(shape) == 4:
            scale, mean = np.sqrt(2 / np.prod(shape[1:])), 0
        else:
            scale, mean = 0.1, 1 if name.endswith((".bn.weight", ".running_var")) else 0
        values = np.clip(self.random.standard_normal(shape), -4, 4)
        self[name] = (mean + scale * values).astype(np.float32)
        return self[name]


class FileTensors(dict):
    """The tensors of a file, each of which must have the shape that the network gives it."""

    def __init__(self, tensors):
        super().__init__(tensors)
        self.unused = set(tensors)

    def get(self, name, shape):
        if name not in self:
            raise ValueError(f"no tensor {name}")
        if self[name].shape != tuple(shape):
            raise ValueError(f"{name}: wants shape {tuple(shape)}, has {self[name].shape}")
        self.unused.discard(name)
        return self[name]


# ---- protocol buffers -------------------------------------------------------------
#
# A message is a row of fields; a field is a key (number and wire type) and a
# value: a varint, four bytes, or a length and so many bytes.

def varint(value):
    value &= (1 << 64) - 1  # negative numbers are written as 64 bits
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field_int(number, value):
    return varint(number << 3) + varint(value)


def field_float(number, value):
    return varint(number << 3 | 5) + struct.pack("<f", value)


def field_bytes(number, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


# ---- ONNX: the field numbers are those of onnx.proto ------------------------------

FLOAT, INT64 = 1, 7  # TensorProto.DataType
ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_STRING, ATTRIBUTE_INTS = 1, 2, 3, 7


def tensor_proto(name, values):
    kind = {"f": FLOAT, "i": INT64}[values.dtype.kind]
    raw = np.ascontiguousarray(values, "<f4" if kind == FLOAT else "<i8").tobytes()
    return (b"".join(field_int(1, size) for size in values.shape) + field_int(2, kind) +
            field_bytes(8, name) + field_bytes(9, raw))


def attribute_proto(name, value):
    out = field_bytes(1, name)
    if isinstance(value, float):
        return out + field_float(2, value) + field_int(20, ATTRIBUTE_FLOAT)
    if isinstance(value, int):
        return out + field_int(3, value) + field_int(20, ATTRIBUTE_INT)
    if isinstance(value, str):
        return out + field_bytes(4, value) + field_int(20, ATTRIBUTE_STRING)
    return (out + b"".join(field_int(8, number) for number in value) +
            field_int(20, ATTRIBUTE_INTS))


def value_info_proto(name, shape):
    dims = b"".join(field_bytes(1, field_int(1, size)) for size in shape)
    tensor = field_int(1, FLOAT) + field_bytes(2, dims)
    return field_bytes(1, name) + field_bytes(2, field_bytes(1, tensor))


class Graph:
    """Nodes appended one after another; each method returns the name of what it makes.

    Shapes are channels, height, width, by the name of the map.
    """

    def __init__(self, tensors, shape):
        self.tensors = tensors
        self.shapes = {"picture": tuple(shape)}
        self.nodes, self.initializers, self.outputs = [], [], []
        self.known = set()

    def initializer(self, name, values):
        if name not in self.known:
            self.known.add(name)
            self.initializers.append(tensor_proto(name, values))
        return name

    def weight(self, name, *shape):
        return self.initializer(name, self.tensors.get(name, shape))

    def node(self, kind, inputs, name, shape, **attributes):
        out = b"".join(field_bytes(1, value) for value in inputs)
        out += field_bytes(2, name) + field_bytes(3, name) + field_bytes(4, kind)
        for key, value in attributes.items():
            out += field_bytes(5, attribute_proto(key, value))
        self.nodes.append(out)
        self.shapes[name] = tuple(shape)
        return name

    def conv(self, x, name, channels, kernel, stride=1, dilation=(1, 1)):
        """Odd kernel, "same" padding."""
        inputs, height, width = self.shapes[x]
        pads = [(k - 1) // 2 * d for k, d in zip(kernel, dilation)]
        shape = channels, (height - 1) // stride + 1, (width - 1) // stride + 1
        return self.node(
            "Conv",
            [x, self.weight(f"{name}.weight", channels, inputs, *kernel),
             self.weight(f"{name}.bias", channels)],
            name, shape, kernel_shape=list(kernel), strides=[stride, stride],
            pads=pads + pads, dilations=list(dilation))

    def norm(self, x, name):
        channels = self.shapes[x][0]
        parts = [self.weight(f"{name}.{part}", channels)
                 for part in ("weight", "bias", "running_mean", "running_var")]
        return self.node("BatchNormalization", [x, *parts], name, self.shapes[x], epsilon=EPSILON)

    def relu(self, x):
        return self.node("Relu", [x], f"{x}.relu", self.shapes[x])

    def pool(self, x, name):
        channels, height, width = self.shapes[x]
        return self.node("MaxPool", [x], name, (channels, height // 2, width // 2),
                         kernel_shape=[2, 2], strides=[2, 2])

    def mean(self, x, name):
        return self.node("GlobalAveragePool", [x], name, (self.shapes[x][0], 1, 1))

    def concat(self, x, y, name):
        (a, height, width), (b, _, _) = self.shapes[x], self.shapes[y]
        return self.node("Concat", [x, y], name, (a + b, height, width), axis=1)

    def halves(self, x, name):
        channels, height, width = self.shapes[x]
        names = f"{name}.left", f"{name}.right"
        self.nodes.append(
            field_bytes(1, x) + b"".join(field_bytes(2, half) for half in names) +
            field_bytes(3, name) + field_bytes(4, "Split") +
            field_bytes(5, attribute_proto("axis", 1)))
        for half in names:
            self.shapes[half] = channels // 2, height, width
        return names

    def binary(self, kind, x, y, name):
        """Add or Mul; y may have one channel or one pixel."""
        return self.node(kind, [x, y], name, self.shapes[x])

    def reshape(self, x, name, shape):
        sizes = self.initializer(f"{name}.shape", np.array(shape, np.int64))
        return self.node("Reshape", [x, sizes], name, shape[1:])

    def shuffle(self, x, name):
        """Channels of the two halves, alternating."""
        shape = channels, height, width = self.shapes[x]
        groups = self.reshape(x, f"{name}.groups", (1, 2, channels // 2, height, width))
        turned = self.node("Transpose", [groups], f"{name}.turned",
                           (channels // 2, 2, height, width), perm=[0, 2, 1, 3, 4])
        return self.reshape(turned, name, (1, *shape))

    def resize(self, x, name, height, width):
        channels = self.shapes[x][0]
        sizes = self.initializer(f"{name}.sizes", np.array([1, channels, height, width], np.int64))
        return self.node("Resize", [x, "", "", sizes], name, (channels, height, width),
                         mode="linear", coordinate_transformation_mode="align_corners")

    def output(self, name):
        self.outputs.append(name)

    def model(self, producer):
        graph = b"".join(field_bytes(1, node) for node in self.nodes)
        graph += field_bytes(2, "mocap")
        graph += b"".join(field_bytes(5, tensor) for tensor in self.initializers)
        graph += field_bytes(11, value_info_proto("picture", (1, *self.shapes["picture"])))
        for name in self.outputs:
            graph += field_bytes(12, value_info_proto(name, (1, *self.shapes[name])))
        return (field_int(1, IR_VERSION) + field_bytes(2, producer) + field_bytes(7, graph) +
                field_bytes(8, field_bytes(1, "") + field_int(2, OPSET)))


# ---- LEDNet -----------------------------------------------------------------------

def down(graph, x, name, channels):
    conv = graph.conv(x, f"{name}.conv", channels - graph.shapes[x][0], (3, 3), 2)
    x = graph.concat(conv, graph.pool(x, f"{name}.pool"), f"{name}.concat")
    return graph.relu(graph.norm(x, f"{name}.bn"))


def pair(graph, x, name, dilation, mirrored):
    channels = graph.shapes[x][0]
    convs = [("v", (3, 1), (dilation, 1)), ("h", (1, 3), (1, dilation))]
    first, second = reversed(convs) if mirrored else convs
    x = graph.relu(graph.conv(x, f"{name}.{first[0]}", channels, first[1], 1, first[2]))
    x = graph.conv(x, f"{name}.{second[0]}", channels, second[1], 1, second[2])
    return graph.norm(x, f"{name}.bn")


def split_shuffle(graph, x, name, dilation):
    left, right = graph.halves(x, f"{name}.split")
    left = graph.relu(pair(graph, left, f"{name}.la", 1, False))
    left = pair(graph, left, f"{name}.lb", dilation, False)
    right = graph.relu(pair(graph, right, f"{name}.ra", 1, True))
    right = pair(graph, right, f"{name}.rb", dilation, True)
    y = graph.binary("Add", graph.concat(left, right, f"{name}.concat"), x, f"{name}.add")
    return graph.shuffle(graph.relu(y), f"{name}.shuffle")


def conv_norm_relu(graph, x, name, channels, kernel, stride=1):
    x = graph.conv(x, f"{name}.conv", channels, (kernel, kernel), stride)
    return graph.relu(graph.norm(x, f"{name}.bn"))


def pyramid(graph, x, name, features):
    _, height, width = graph.shapes[x]
    whole = conv_norm_relu(graph, graph.mean(x, f"{name}.mean"), f"{name}.gp", features, 1)
    pixels = conv_norm_relu(graph, x, f"{name}.mid", features, 1)
    half = conv_norm_relu(graph, x, f"{name}.d1", 1, 7, 2)
    quarter = conv_norm_relu(graph, half, f"{name}.d2", 1, 5, 2)
    up = conv_norm_relu(graph, quarter, f"{name}.d3a", 1, 3, 2)
    up = conv_norm_relu(graph, up, f"{name}.d3b", 1, 3)
    up = graph.resize(up, f"{name}.up3", height // 4, width // 4)
    skip = conv_norm_relu(graph, quarter, f"{name}.s2", 1, 5)
    up = graph.resize(graph.binary("Add", up, skip, f"{name}.add2"), f"{name}.up2",
                      height // 2, width // 2)
    skip = conv_norm_relu(graph, half, f"{name}.s1", 1, 7)
    up = graph.resize(graph.binary("Add", up, skip, f"{name}.add1"), f"{name}.up1", height, width)
    # A resize of one pixel is that pixel everywhere: the sum's broadcast does it.
    return graph.binary("Add", graph.binary("Mul", pixels, up, f"{name}.scale"), whole,
                        f"{name}.sum")


def lednet(graph, x, features):
    # One number a block: its channels when it halves the size, else minus its dilation.
    blocks = [32, -1, -1, -1, 64, -1, -1, 128, -1, -2, -5, -9, -2, -5, -9, -17]
    for i, block in enumerate(blocks):
        name = f"blocks.{i}"
        x = down(graph, x, name, block) if block > 0 else split_shuffle(graph, x, name, -block)
    return pyramid(graph, x, f"blocks.{len(blocks)}", features)


# ---- the model --------------------------------------------------------------------

def heat_maps(graph, x, metadata):
    kernel, by = int(metadata["mocap.head_kernel"]), int(metadata["mocap.head_upsample"])
    x = graph.conv(x, "head.kp", int(metadata["mocap.keypoints"]), (kernel, kernel))
    _, height, width = graph.shapes[x]
    graph.output(graph.resize(x, "heatmaps", height * by, width * by))


def keypoints(graph):
    """Softmax over the cells of each map, then the expected position."""
    channels, height, width = graph.shapes["heatmaps"]
    _, input_height, input_width = graph.shapes["picture"]
    y, x = np.mgrid[:height, :width] + 0.5
    cells = np.stack([x * input_width / width, y * input_height / height], axis=-1)
    flat = graph.reshape("heatmaps", "flat", (1, channels, height * width))
    chances = graph.node("Softmax", [flat], "chances", (channels, height * width), axis=2)
    where = graph.initializer("cells", cells.reshape(-1, 2).astype(np.float32))
    graph.output(graph.node("MatMul", [chances, where], "keypoints", (channels, 2)))


def build(tensors, metadata, with_keypoints):
    if metadata.get("mocap.arch") != "lednet" or metadata.get("mocap.head") != "landmark":
        raise ValueError("wants mocap.arch lednet and mocap.head landmark, has "
                         f"{metadata.get('mocap.arch')} and {metadata.get('mocap.head')}")
    width, height = (int(size) for size in metadata["mocap.input"].split("x"))
    graph = Graph(tensors, (3, height, width))
    heat_maps(graph, lednet(graph, "picture", int(metadata["mocap.features"])), metadata)
    if with_keypoints:
        keypoints(graph)
    return graph.model("mocap export_onnx")


def random_metadata(size):
    return {
        "mocap.arch": "lednet", "mocap.features": "64", "mocap.input": f"{size}x{size}",
        "mocap.head": "landmark", "mocap.head_kernel": "1", "mocap.head_upsample": "2",
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
    parser.add_argument("--random", action="store_true",
                        help="invent the weights and write MODEL.safetensors too")
    parser.add_argument("--size", type=int, default=128,
                        help="edge of the input with --random, a multiple of 32")
    arguments = parser.parse_args()
    if arguments.size < 32 or arguments.size > 1024 or arguments.size % 32 != 0:
        parser.error(f"--size wants a multiple of 32 from 32 to 1024, got {arguments.size}")
    return arguments


def main():
    arguments = parse_arguments()
    try:
        if arguments.random:
            tensors, metadata = RandomTensors(), random_metadata(arguments.size)
        else:
            tensors, metadata = load(arguments.model)
            tensors = FileTensors(tensors)
        model = build(tensors, metadata, arguments.keypoints)
        if arguments.random:
            save(arguments.model, tensors, metadata)
        elif tensors.unused:
            raise ValueError(f"{min(tensors.unused)}: no such tensor in {metadata['mocap.arch']}")
        pathlib.Path(arguments.out).write_bytes(model)
    except (OSError, KeyError, ValueError, struct.error) as error:
        sys.exit(f"export_onnx.py: {arguments.model}: {error}")


if __name__ == "__main__":
    main()
