#!/usr/bin/env python3
"""check_onnx.py ARCH FILE: reads an ONNX file of export_onnx.py --random --size 64 --keypoints
and checks that it holds together: every node reads what is there before it, every tensor has as
many bytes as its shape says, and the nodes are those of the network."""
import collections
import math
import sys


SPECIAL = ("ConvTranspose", "MaxUnpool", "PRelu", "AveragePool", "Sigmoid", "Split", "Transpose")

# By the papers' tables; the head's convolution is one more.
NODES = {
    # 3 blocks that halve, 13 of split and shuffle, the pyramid's 8 convolutions.
    "lednet": {"Conv": 3 + 13 * 8 + 8 + 1, "BatchNormalization": 3 + 13 * 4 + 8, "Split": 13,
               "Transpose": 13, "MaxPool": 3, "Resize": 4},
    "lednet-slim": {"Conv": 3 + 5 * 8 + 8 + 1, "BatchNormalization": 3 + 5 * 4 + 8, "Split": 5,
                    "Transpose": 5, "MaxPool": 3, "Resize": 4},
    # 3 that halve, 17 residual ones, 2 that double, the last.
    "erfnet": {"Conv": 3 + 17 * 4 + 1, "ConvTranspose": 3, "BatchNormalization": 3 + 17 * 2 + 2,
               "MaxPool": 3},
    # 3 that halve (the last without a pool), 13 dense ones, the last.
    "edanet": {"Conv": 3 + 13 * 5 + 1 + 1, "BatchNormalization": 3 + 13 * 3, "MaxPool": 2,
               "Resize": 1},
    # 3 that halve, 9 factorised and 3 parallel ones, 2 that double, the last.
    "esnet": {"Conv": 3 + 9 * 4 + 3 * 8 + 1, "ConvTranspose": 3,
              "BatchNormalization": 3 + 9 * 2 + 3 * 4 + 2, "MaxPool": 3},
    # Initial; 2 that halve, 2 that double, 23 regular bottlenecks, 4 of them separable.
    "enet": {"Conv": 1 + 2 * 3 + 2 * 3 + 23 * 3 + 4 + 1, "ConvTranspose": 3, "MaxUnpool": 2,
             "MaxPool": 3},
    "enet-orig": {"Conv": 1 + 2 * 3 + 2 * 3 + 23 * 3 + 4 + 1, "ConvTranspose": 3, "MaxUnpool": 2,
                  "MaxPool": 3},
    "hourglass": {"Conv": 10 + 1, "BatchNormalization": 10, "AveragePool": 5, "Resize": 5},
    # The stem; an encoder of 9 (the first has no 1x1 before); 3 stages that double.
    "laednet": {"Conv": 1 + 9 * 3 - 1 + 3 * 5 + 1 + 1, "ConvTranspose": 3, "Sigmoid": 3},
    # 3 that halve, 11 asymmetric ones, the decoder's 5.
    "lrdnet": {"Conv": 3 + 11 * 5 + 5 + 1, "Sigmoid": 2, "MaxPool": 3},
}
MAP_EDGES = {"lednet": 16, "lednet-slim": 16, "edanet": 16, "lrdnet": 16, "laednet": 32}


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
    arch, path = sys.argv[1:]
    with open(path, "rb") as file:
        model = fields(file.read())
    assert model[1] == [8] and len(model[7]) == 1
    assert fields(model[8][0])[2] == [17], "opset"
    graph = fields(model[7][0])

    known = {"", "image"}
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

    wanted = {**{kind: 0 for kind in SPECIAL}, **NODES[arch], "Softmax": 1}
    if arch.startswith("enet"):
        del wanted["PRelu"]
    found = {kind: kinds[kind] for kind in wanted}
    assert found == wanted, f"{arch} has {found}, must have {wanted}"

    inputs = {text(fields(info)[1])[0]: shape_of(info) for info in graph[11]}
    outputs = {text(fields(info)[1])[0]: shape_of(info) for info in graph[12]}
    assert inputs == {"image": [1, 3, 64, 64]}, inputs
    edge = MAP_EDGES.get(arch, 64)
    assert outputs == {"heatmaps": [1, 68, edge, edge], "keypoints": [1, 68, 2]}, outputs
    assert set(outputs) <= known


main()
