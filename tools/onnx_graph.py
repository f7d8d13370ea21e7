"""Builds ONNX graphs without the onnx package: the format is protocol buffers.

The operators are those that networks.py uses. Batch norms are not folded; that is up to the
program that runs the graph.
"""
import struct

import numpy as np

OPSET = 17
IR_VERSION = 8  # the one that belongs to opset 17


# ---- protocol buffers -------------------------------------------------------------
#
# A message is a sequence of fields; a field is a key (number and wire type) and a value: a
# varint, four bytes, or a length followed by that many bytes.

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

DATA_TYPES = {"f4": 1, "u1": 2, "i1": 3, "i4": 6, "i8": 7}  # TensorProto.DataType
FLOAT = DATA_TYPES["f4"]
ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_STRING, ATTRIBUTE_INTS = 1, 2, 3, 7


def tensor_proto(name, values):
    kind = values.dtype.str[1:]
    raw = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return (b"".join(field_int(1, size) for size in values.shape) +
            field_int(2, DATA_TYPES[kind]) + field_bytes(8, name) + field_bytes(9, raw))


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
    """Nodes appended one by one; each method returns the name of its output.

    shapes: channels, height and width of each map, by name.
    """

    def __init__(self, tensors, shape):
        self.tensors = tensors
        self.shapes = {"image": tuple(shape)}
        self.nodes, self.initializers, self.outputs = [], [], []
        self.known = set()

    def initializer(self, name, values):
        if name not in self.known:
            self.known.add(name)
            self.initializers.append(tensor_proto(name, values))
        return name

    def weight(self, name, *shape):
        return self.initializer(name, self.tensors.get(name, shape))

    def node(self, kind, inputs, name, shape, more_outputs=(), **attributes):
        """name and shape are those of the first output; more_outputs are the others' names."""
        out = b"".join(field_bytes(1, value) for value in inputs)
        out += b"".join(field_bytes(2, value) for value in (name, *more_outputs))
        out += field_bytes(3, name) + field_bytes(4, kind)
        for key, value in attributes.items():
            out += field_bytes(5, attribute_proto(key, value))
        self.nodes.append(out)
        self.shapes[name] = tuple(shape)
        return name

    def mark(self, name, x):
        """Does nothing: ONNX needs no marks at the ends of blocks."""

    def channels(self, x):
        return self.shapes[x][0]

    def size(self, x):
        return self.shapes[x][1:]

    def conv(self, x, name, channels, kernel, stride=1, dilation=(1, 1), biased=True, node=None):
        """"Same" padding for odd kernel sizes, none for even ones.

        node: its name, if not that of its weights."""
        return self._conv(x, name, channels, self.shapes[x][0], 1, kernel, stride, dilation, biased,
                          node or name)

    def depthwise(self, x, name, kernel, stride, dilation):
        channels = self.shapes[x][0]
        return self._conv(x, name, channels, 1, channels, kernel, stride, (dilation, dilation),
                          True, name)

    def _conv(self, x, name, channels, inputs, group, kernel, stride, dilation, biased, node):
        pads = [(k - 1) // 2 * d for k, d in zip(kernel, dilation)]
        size = [(n + 2 * p - d * (k - 1) - 1) // stride + 1
                for n, p, d, k in zip(self.size(x), pads, dilation, kernel)]
        parts = [x, self.weight(f"{name}.weight", channels, inputs, *kernel)]
        parts += [self.weight(f"{name}.bias", channels)] if biased else []
        return self.node("Conv", parts, node, (channels, *size), kernel_shape=list(kernel),
                         strides=[stride, stride], pads=pads + pads, dilations=list(dilation),
                         group=group)

    def transposed(self, x, name, channels, kernel, biased=True):
        """To twice the size."""
        inputs, height, width = self.shapes[x]
        padding = kernel - 2
        parts = [x, self.weight(f"{name}.weight", inputs, channels, kernel, kernel)]
        parts += [self.weight(f"{name}.bias", channels)] if biased else []
        return self.node("ConvTranspose", parts, name, (channels, 2 * height, 2 * width),
                         kernel_shape=[kernel] * 2, strides=[2, 2], pads=[padding] * 4,
                         output_padding=[padding] * 2)

    def norm(self, x, name, epsilon, node=None):
        """node: its name, if one norm is used in several places."""
        channels = self.shapes[x][0]
        parts = [self.weight(f"{name}.{part}", channels)
                 for part in ("weight", "bias", "running_mean", "running_var")]
        return self.node("BatchNormalization", [x, *parts], node or name, self.shapes[x],
                         epsilon=epsilon)

    def relu(self, x):
        return self.node("Relu", [x], f"{x}.relu", self.shapes[x])

    def sigmoid(self, x):
        return self.node("Sigmoid", [x], f"{x}.sigmoid", self.shapes[x])

    def prelu(self, x, name, slopes):
        values = self.tensors.get(f"{name}.weight", (slopes,)).reshape(slopes, 1, 1)
        slope = self.initializer(f"{name}.weight", values)
        return self.node("PRelu", [x, slope], name, self.shapes[x])

    def pool(self, x, name, kernel=2, stride=2, padding=0):
        channels, height, width = self.shapes[x]
        size = [(n + 2 * padding - kernel) // stride + 1 for n in (height, width)]
        return self.node("MaxPool", [x], name, (channels, *size), kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[padding] * 4)

    def pool_with_index(self, x, name):
        """The index counts over the whole map, channels included, as unpool expects."""
        channels, height, width = self.shapes[x]
        index = f"{name}.index"
        self.shapes[index] = channels, height // 2, width // 2
        return self.node("MaxPool", [x], name, (channels, height // 2, width // 2), [index],
                         kernel_shape=[2, 2], strides=[2, 2]), index

    def unpool(self, x, index, name):
        channels, height, width = self.shapes[x]
        return self.node("MaxUnpool", [x, index], name, (channels, 2 * height, 2 * width),
                         kernel_shape=[2, 2], strides=[2, 2])

    def average(self, x, name):
        channels, height, width = self.shapes[x]
        return self.node("AveragePool", [x], name, (channels, height // 2, width // 2),
                         kernel_shape=[2, 2], strides=[2, 2])

    def mean(self, x, name):
        return self.node("GlobalAveragePool", [x], name, (self.shapes[x][0], 1, 1))

    def pad_channels(self, x, name, channels):
        """Appends channels of zeros."""
        missing = channels - self.shapes[x][0]
        pads = self.initializer(f"{name}.pads", np.array([0] * 5 + [missing, 0, 0], np.int64))
        return self.node("Pad", [x, pads], name, (channels, *self.size(x)))

    def concat(self, x, y, name):
        (a, height, width), (b, _, _) = self.shapes[x], self.shapes[y]
        return self.node("Concat", [x, y], name, (a + b, height, width), axis=1)

    def halves(self, x, name):
        channels, height, width = self.shapes[x]
        names = [f"{name}.left", f"{name}.right"]
        for half in names:
            self.shapes[half] = channels // 2, height, width
        self.node("Split", [x], names[0], self.shapes[names[0]], names[1:], axis=1)
        return names

    def binary(self, kind, x, y, name):
        """Add or Mul; y may have one channel or one pixel."""
        return self.node(kind, [x, y], name, self.shapes[x])

    def reshape(self, x, name, shape):
        sizes = self.initializer(f"{name}.shape", np.array(shape, np.int64))
        return self.node("Reshape", [x, sizes], name, shape[1:])

    def shuffle(self, x, name):
        """Interleaves the channels of the two halves."""
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

    def nearest(self, x, name):
        """Each pixel four times."""
        channels, height, width = self.shapes[x]
        scales = self.initializer(f"{name}.scales", np.array([1, 1, 2, 2], np.float32))
        return self.node("Resize", [x, "", scales], name, (channels, 2 * height, 2 * width),
                         mode="nearest", coordinate_transformation_mode="asymmetric",
                         nearest_mode="floor")

    def output(self, name):
        self.outputs.append(name)

    def model(self, producer):
        graph = b"".join(field_bytes(1, node) for node in self.nodes)
        graph += field_bytes(2, "mocap")
        graph += b"".join(field_bytes(5, tensor) for tensor in self.initializers)
        graph += field_bytes(11, value_info_proto("image", (1, *self.shapes["image"])))
        for name in self.outputs:
            graph += field_bytes(12, value_info_proto(name, (1, *self.shapes[name])))
        return (field_int(1, IR_VERSION) + field_bytes(2, producer) + field_bytes(7, graph) +
                field_bytes(8, field_bytes(1, "") + field_int(2, OPSET)))
