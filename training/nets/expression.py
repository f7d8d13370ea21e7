"""An expression from a closer look: four crops of a face, upright and of a fixed scale, and the 68
landmarks by which they were cut.

  f = backbone(crops)              32 x 6 x 6 for 96x96: plain 3x3 convolutions
  outputs = expression([landmarks aligned to the mean face, f by rows, columns, channels])

The input shows the crops in two rows of two: the person's right eye and left eye, mouth, face.
Each is a square about some landmarks' middle; offset and edge are in units of the mean face
(face.align), by whose angle it is turned. So an eye, which LEDNet sees in a dozen pixels, has
two dozen, always at the same place. The reader's layers are those of the whole face's network."""

import torch
from torch import nn

from .blocks import Chain, ConvBnRelu
from .face import LANDMARKS, Reader, align, aligned

# Landmarks, offset, edge.
CROPS = ((range(36, 42), (0.0, -0.10), 1.15), (range(42, 48), (0.0, -0.10), 1.15),
         (range(48, 60), (0.0, 0.05), 1.9), (range(68), (0.0, 0.12), 2.9))
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

    def __init__(self, size=96):
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
