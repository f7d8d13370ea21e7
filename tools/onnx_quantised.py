"""Builds ONNX graphs of int8 networks, quantised as nn/compiler does it.

The graph states floating-point operators between QuantizeLinear and DequantizeLinear (QDQ),
from which ONNX Runtime makes its integer kernels. Batch norms are folded into convolutions,
weights are signed bytes with a scale per output channel, and every map that ends in a ReLU is
unsigned bytes, whose range is that of the map for a calibration image. ONNX Runtime's integer
convolution has no residual: where a sum follows one, its result is rounded to bytes as well.
"""
import numpy as np

from numpy_graph import Graph as NumpyGraph
from onnx_graph import Graph as OnnxGraph

WORD = 4  # maps whose channels are no multiple of this stay float32


class Conv:
    """A convolution that is not yet in the graph, so that a norm can be folded into it."""

    def __init__(self, x, name, weight, bias, group, attributes):
        self.x, self.name, self.weight, self.bias = x, name, weight, bias
        self.group, self.attributes = group, attributes

    def scaled(self, scale, shift):
        return Conv(self.x, self.name, self.weight * scale[:, None, None, None],
                    self.bias * scale + shift, self.group, self.attributes)


class Map:
    """value: the map for the calibration image. name: of the tensor in the graph, unless it is
    a Conv or a list of maps to be concatenated that is not yet there. units: scale and zero of
    its bytes; None: float32."""

    def __init__(self, value, name=None, units=None, conv=None, parts=None, label=None):
        self.value, self.name, self.units = value, name, units
        self.conv, self.parts, self.label = conv, parts, label


class Graph:
    """The methods of onnx_graph.Graph, on maps in place of names."""

    def __init__(self, tensors, image):
        self.onnx = OnnxGraph(tensors, image.shape)
        self.numpy = NumpyGraph(tensors)
        self.image = Map(image.astype(np.float64), "image")

    # ---- bytes ---------------------------------------------------------------------

    def units(self, value):
        """The scale and zero that cover the value's range and 0."""
        low, high = min(float(value.min()), 0), max(float(value.max()), 0)
        scale = np.float32((high - low) / 255 or 1)
        return scale, np.uint8(round(-low / float(scale)))

    def constant(self, name, value):
        return self.onnx.initializer(name, np.asarray(value))

    def rounded(self, name, shape, units):
        """The tensor `name`, rounded to bytes and back."""
        parts = [self.constant(f"{name}.scale", units[0]), self.constant(f"{name}.zero", units[1])]
        self.onnx.node("QuantizeLinear", [name, *parts], f"{name}.bytes", shape)
        return self.onnx.node("DequantizeLinear", [f"{name}.bytes", *parts], f"{name}.rounded", shape)

    def finish(self, value, name, units):
        if units is None:
            return Map(value, name)
        return Map(value, self.rounded(name, value.shape, units), units)

    def constants(self, conv):
        """The weights and biases, as bytes and 32-bit sums where the input is bytes."""
        name = conv.name
        if conv.x.units is None:
            return [self.constant(f"{name}.folded", conv.weight.astype(np.float32)),
                    self.constant(f"{name}.shift", conv.bias.astype(np.float32))]
        unit = np.abs(conv.weight).max(axis=(1, 2, 3)) / 127
        unit[unit == 0] = 1
        unit32, sums = unit.astype(np.float32), unit * float(conv.x.units[0])
        weight = np.clip(np.rint(conv.weight / unit[:, None, None, None]), -127, 127)
        out = []
        for part, values, scale in (("folded", weight.astype(np.int8), unit32),
                                    ("shift", np.rint(conv.bias / sums).astype(np.int32),
                                     sums.astype(np.float32))):
            inputs = [self.constant(f"{name}.{part}", values),
                      self.constant(f"{name}.{part}.scale", scale),
                      self.constant(f"{name}.{part}.zero", np.zeros(scale.shape, values.dtype))]
            out.append(self.onnx.node("DequantizeLinear", inputs, f"{name}.{part}.value", values.shape,
                                      axis=0))
        return out

    def settled(self, x, relu=False, units=None, node=None):
        """Puts a map into the graph, followed by a ReLU and rounded to bytes if asked to."""
        if not relu and units is None and x.name is not None:
            return x
        y = self.placed(x, relu, units, node)
        if not relu:  # what reads x from now on, reads y
            x.name, x.units, x.conv, x.parts = y.name, y.units, None, None
        return y

    def placed(self, x, relu, units, node):
        value = np.maximum(x.value, 0) if relu else x.value
        if x.parts is not None:
            parts = [self.settled(part, relu, units) for part in x.parts]
            rounds = units is not None and all(part.units for part in parts)
            name = self.onnx.node("Concat", [part.name for part in parts], x.label, value.shape, axis=1)
            return self.finish(value, name, units if rounds else None)
        name = x.name
        if x.conv is not None:
            name = self.onnx.node("Conv", [x.conv.x.name, *self.constants(x.conv)],
                                  node or x.conv.name, value.shape, group=x.conv.group,
                                  **x.conv.attributes)
        return self.finish(value, self.onnx.relu(name) if relu else name, units)

    # ---- operators -----------------------------------------------------------------

    def channels(self, x):
        return x.value.shape[0]

    def size(self, x):
        return x.value.shape[1:]

    def mark(self, name, x):
        """Does nothing."""

    def _conv(self, x, name, value, inputs, group, kernel, stride, dilation, biased):
        channels, pads = value.shape[0], [(k - 1) // 2 * d for k, d in zip(kernel, dilation)]
        bias = (self.numpy.weight(f"{name}.bias", channels) if biased else np.zeros(channels))
        conv = Conv(self.settled(x), name, self.numpy.weight(f"{name}.weight", channels, inputs, *kernel),
                    bias, group, {"kernel_shape": list(kernel), "strides": [stride, stride],
                                  "pads": pads + pads, "dilations": list(dilation)})
        return Map(value, conv=conv)

    def conv(self, x, name, channels, kernel, stride=1, dilation=(1, 1), biased=True, node=None):
        value = self.numpy.conv(x.value, name, channels, kernel, stride, dilation, biased)
        y = self._conv(x, name, value, self.channels(x), 1, kernel, stride, dilation, biased)
        return self.settled(y, node=node) if node else y

    def depthwise(self, x, name, kernel, stride, dilation):
        value = self.numpy.depthwise(x.value, name, kernel, stride, dilation)
        return self._conv(x, name, value, 1, self.channels(x), kernel, stride, (dilation, dilation), True)

    def norm(self, x, name, epsilon, node=None):
        gamma, beta, mean, variance = (
            self.numpy.weight(f"{name}.{part}", self.channels(x))
            for part in ("weight", "bias", "running_mean", "running_var"))
        scale = gamma / np.sqrt(variance + epsilon)
        return self.scaled(x, node or name, scale, beta - mean * scale)

    def scaled(self, x, name, scale, shift):
        value = x.value * scale[:, None, None] + shift[:, None, None]
        if x.conv is not None:
            return Map(value, conv=x.conv.scaled(scale, shift))
        if x.parts is not None:
            ends = np.cumsum([self.channels(part) for part in x.parts])[:-1]
            parts = [self.scaled(part, f"{name}.{i}", *pair) for i, (part, *pair) in
                     enumerate(zip(x.parts, np.split(scale, ends), np.split(shift, ends)))]
            return Map(value, parts=parts, label=x.label)
        for kind, part, factor in (("Mul", "scale", scale), ("Add", "shift", shift)):
            factor = self.constant(f"{name}.{part}", factor[:, None, None].astype(np.float32))
            x = Map(value, self.onnx.node(kind, [x.name, factor], f"{name}.{part}ed", value.shape))
        return x

    def relu(self, x):
        fits = self.channels(x) % WORD == 0
        return self.settled(x, True, self.units(np.maximum(x.value, 0)) if fits else None)

    def concat(self, x, y, name):
        value = self.numpy.concat(x.value, y.value, name)
        if x.name is None or y.name is None:
            return Map(value, parts=[x, y], label=name)
        both = x.units is not None and y.units is not None
        name = self.onnx.concat(x.name, y.name, name)
        return self.finish(value, name, self.units(value) if both else None)

    def binary(self, kind, x, y, name):
        rounds = kind == "Add" and (x.units is not None or y.units is not None)
        value = self.numpy.binary(kind, x.value, y.value, name)
        names = [self.settled(z, units=z.units or (self.units(z.value) if rounds else None)).name
                 if z.name is None else z.name for z in (x, y)]
        return Map(value, self.onnx.node(kind, names, name, value.shape))

    def moved(self, x, value, name):
        """A node's output that holds the same numbers as its input."""
        return self.finish(value, name, x.units)

    def pool(self, x, name, kernel=2, stride=2, padding=0):
        x = self.settled(x)
        return self.moved(x, self.numpy.pool(x.value, name, kernel, stride, padding),
                          self.onnx.pool(x.name, name, kernel, stride, padding))

    def halves(self, x, name):
        x = self.settled(x)
        return [self.moved(x, value, half) for value, half in
                zip(self.numpy.halves(x.value, name), self.onnx.halves(x.name, name))]

    def shuffle(self, x, name):
        x, (channels, height, width) = self.settled(x), x.value.shape
        value = self.numpy.shuffle(x.value, name)
        grouped = x.value.reshape(2, channels // 2, height, width)
        y = self.moved(x, grouped, self.onnx.reshape(x.name, f"{name}.groups", (1, *grouped.shape)))
        turned = grouped.swapaxes(0, 1)
        y = self.moved(y, turned, self.onnx.node("Transpose", [y.name], f"{name}.turned", turned.shape,
                                                 perm=[0, 2, 1, 3, 4]))
        return self.moved(y, value, self.onnx.reshape(y.name, name, (1, *value.shape)))

    def nearest(self, x, name):
        x = self.settled(x)
        return self.moved(x, self.numpy.nearest(x.value, name), self.onnx.nearest(x.name, name))

    def pool_with_index(self, x, name):
        x = self.settled(x)
        values, names = self.numpy.pool_with_index(x.value, name), self.onnx.pool_with_index(x.name, name)
        return Map(values[0], names[0]), Map(values[1], names[1])

    def unpool(self, x, index, name):
        x = self.settled(x)
        return Map(self.numpy.unpool(x.value, index.value, name),
                   self.onnx.unpool(x.name, index.name, name))

    def output(self, x):
        self.onnx.output(self.settled(x).name)

    def model(self, producer):
        return self.onnx.model(producer)

    def __getattr__(self, kind):
        """The other operators, on one float32 map: the same call in both graphs."""
        def operator(x, *arguments):
            x = self.settled(x)
            name = getattr(self.onnx, kind)(x.name, *arguments)
            return Map(getattr(self.numpy, kind)(x.value, *arguments), name)
        return operator
