"""Computes a network with numpy in double precision, operator by operator.

Independent of the C code and of PyTorch; the networks are those of networks.py.
"""
import numpy as np


class Graph:
    """Computes each operator right away; a map is channels x height x width.

    tensors.get(name, shape) returns a weight.
    """

    def __init__(self, tensors):
        self.tensors = tensors
        self.marks = {}

    def weight(self, name, *shape):
        return np.asarray(self.tensors.get(name, shape), np.float64)

    def bias(self, name, channels, biased):
        return self.weight(f"{name}.bias", channels)[:, None, None] if biased else 0

    def mark(self, name, x):
        self.marks[name] = x

    def channels(self, x):
        return x.shape[0]

    def size(self, x):
        return x.shape[1:]

    def relu(self, x):
        return np.maximum(x, 0)

    def prelu(self, x, name, slopes):
        return np.where(x > 0, x, x * self.weight(f"{name}.weight", slopes)[:, None, None])

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def binary(self, kind, x, y, _):
        return x + y if kind == "Add" else x * y

    def conv(self, x, name, channels, kernel, stride=1, dilation=(1, 1), biased=True):
        """"Same" padding with zeros for odd kernel sizes, none for even ones."""
        weight = self.weight(name + ".weight", channels, x.shape[0], *kernel)
        y = sum(np.tensordot(weight[:, :, i, j], window, 1)
                for i, j, window in windows(x, kernel, stride, dilation))
        return y + self.bias(name, channels, biased)

    def depthwise(self, x, name, kernel, stride, dilation):
        weight = self.weight(name + ".weight", x.shape[0], 1, *kernel)
        y = sum(weight[:, 0, i, j, None, None] * window
                for i, j, window in windows(x, kernel, stride, (dilation, dilation)))
        return y + self.bias(name, x.shape[0], True)

    def transposed(self, x, name, channels, kernel, biased=True):
        """Each input pixel contributes to a window of the output, which is twice as large."""
        inputs, height, width = x.shape
        weight = self.weight(name + ".weight", inputs, channels, kernel, kernel)
        padding = kernel - 2
        y = np.zeros((channels, 2 * height + 2, 2 * width + 2))
        for i in range(kernel):
            for j in range(kernel):
                y[:, i:i + 2 * height:2, j:j + 2 * width:2] += np.einsum(
                    "co,chw->ohw", weight[:, :, i, j], x)
        y = y[:, padding:padding + 2 * height, padding:padding + 2 * width]
        return y + self.bias(name, channels, biased)

    def norm(self, x, name, epsilon, _=None):
        gamma, beta, mean, variance = (
            self.weight(f"{name}.{part}", x.shape[0])[:, None, None]
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
