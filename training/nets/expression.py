"""An expression from a closer look: a crop of the face, upright and of a fixed scale, and the 68
landmarks by which it was cut.

  f = backbone(crop)               32 x 8 x 8 for 128x128: plain 3x3 convolutions
  outputs = expression([landmarks aligned to the mean face, f by rows, columns, channels])

The crop is a square of the mean face's frame (face.align): its middle and edge are in units of
the mean face. The reader's layers are those of the whole face's network."""

import torch
from torch import nn

from .blocks import Chain, ConvBnRelu
from .face import LANDMARKS, Reader, align, aligned

CROP_MIDDLE, CROP_EDGE = (0.0, 0.12), 2.9
# Channels, kernel, stride.
LAYERS = ((16, 3, 2), (24, 3, 1), (32, 3, 2), (48, 3, 1), (64, 3, 2), (64, 3, 1), (96, 3, 2))
MAPS, REDUCTION, HIDDEN = 32, 16, 192


class Plain(Chain):
    def __init__(self, features=MAPS):
        blocks, inputs = [], 3
        for channels, kernel, stride in (*LAYERS, (features, 1, 1)):
            blocks.append(ConvBnRelu(inputs, channels, kernel, stride))
            inputs = channels
        super().__init__(blocks)


class ExpressionHead(nn.Module):
    kind = "expression"

    def __init__(self, size):
        super().__init__()
        flat = MAPS * (size // REDUCTION) ** 2
        self.expression = Reader(2 * LANDMARKS + flat, 2 * LANDMARKS, HIDDEN)


class ExpressionNet(nn.Module):
    arch = "plain"

    def __init__(self, size=128):
        super().__init__()
        self.backbone, self.head = Plain(), ExpressionHead(size)

    def forward(self, images, landmarks):
        """landmarks: batch x 68 x 2, in any unit, as they lie in the crop -> as the expression
        head of the whole face's network"""
        reader = self.head.expression
        similarity = align(landmarks, reader.template)
        points = aligned(landmarks, *similarity).flatten(1)
        maps = self.backbone(images).permute(0, 2, 3, 1).flatten(1)
        return (*reader.read(torch.cat([points, maps], 1)), similarity)
