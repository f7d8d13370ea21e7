#!/usr/bin/env python3
"""Reads an ONNX file of export_onnx.py --random --size 64 --keypoints and checks that it holds
together: every node reads what is there before it, every tensor has as many bytes as its shape
says, and the nodes are those of LEDNet."""
import collections
import math
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The message's values by field number, in their order."""
    found, at = collections.defaultdict(list), 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            length, at = varint(data, at) if kind == 2 else ({5: 4}[kind], at)
            value, at = data[at:at + length], at + length
            assert len(value) == length, "a field runs beyond its message"
        found[key >> 3].append(value)
    return found


def text(values):
    return [value.decode() for value in values]


def shape_of(info):
    tensor = fields(fields(fields(info)[2][0])[1][0])
    assert tensor[1] == [1], "float32"
    return [fields(dim)[1][0] for dim in fields(tensor[2][0])[1]]


def main():
    with open(sys.argv[1], "rb") as file:
        model = fields(file.read())
    assert model[1] == [8] and len(model[7]) == 1
    assert fields(model[8][0])[2] == [17], "opset"
    graph = fields(model[7][0])

    known = {"", "picture"}
    for raw in graph[5]:
        tensor = fields(raw)
        (name,), (kind,), (data,) = text(tensor[8]), tensor[2], tensor[9]
        assert len(data) == math.prod(tensor[1]) * {1: 4, 7: 8}[kind], name
        assert name not in known, name
        known.add(name)
    kinds = collections.Counter()
    for raw in graph[1]:
        node = fields(raw)
        missing = set(text(node[1])) - known
        assert not missing, f"{text(node[3])} reads {missing}"
        outputs = text(node[2])
        assert not set(outputs) & known, f"{outputs} are written twice"
        known.update(outputs)
        kinds.update(text(node[4]))

    # 3 blocks that halve, 13 of split and shuffle, the pyramid's 8 convolutions, the head.
    assert kinds["Conv"] == 3 + 13 * 8 + 8 + 1, kinds
    assert kinds["BatchNormalization"] == 3 + 13 * 4 + 8, kinds
    assert kinds["Split"] == kinds["Transpose"] == 13, kinds
    assert kinds["MaxPool"] == 3 and kinds["Resize"] == 4 and kinds["Softmax"] == 1, kinds

    inputs = {text(fields(info)[1])[0]: shape_of(info) for info in graph[11]}
    outputs = {text(fields(info)[1])[0]: shape_of(info) for info in graph[12]}
    assert inputs == {"picture": [1, 3, 64, 64]}, inputs
    assert outputs == {"heatmaps": [1, 68, 16, 16], "keypoints": [1, 68, 2]}, outputs
    assert set(outputs) <= known


main()
