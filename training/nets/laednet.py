"""LAEDNet after its paper's description (Zhou et al., 2022); the numbers are
nn/networks/laednet.c's. Inverted residuals down, light residual squeeze-and-excitation up,
connections between them."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import ConvBn, ConvBnRelu, Depthwise, Squeeze

# Of each block of the encoder: by how much it widens, channels, stride.
ENCODER = ((1, 16, 1), (4, 24, 2), (4, 24, 1), (4, 40, 2), (4, 40, 1), (4, 40, 1),
           (4, 80, 2), (4, 80, 1), (4, 80, 1))


class Inverted(nn.Module):
    """A wide 1x1, depthwise 3x3, a narrow 1x1; a shortcut where the shape stays."""

    def __init__(self, inputs, expand, outputs, stride):
        super().__init__()
        if expand > 1:
            self.a = ConvBnRelu(inputs, expand * inputs, 1)
        self.d = Depthwise(expand * inputs, (3, 3), stride)
        self.b = ConvBn(expand * inputs, outputs, 1)
        self.widens, self.residual = expand > 1, stride == 1 and inputs == outputs

    def forward(self, maps):
        inner = self.a(maps) if self.widens else maps
        out = self.b(F.relu(self.d(inner)))
        return out + maps if self.residual else out


class LightUp(nn.Module):
    """Twice the size, joined with the encoder's map of that size; then depthwise
    3x3 and 1x1, weighed by channel, beside a shortcut."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, channels, 2, 2)
        self.a = ConvBnRelu(2 * channels, channels, 1)
        self.d, self.b = Depthwise(channels, (3, 3)), ConvBn(channels, channels, 1)
        self.se = Squeeze(channels, channels // 4)

    def forward(self, maps, kept):
        maps = self.a(torch.cat([self.up(maps), kept], 1))
        return F.relu(self.se(self.b(F.relu(self.d(maps)))) + maps)


class LaedNet(nn.Module):
    """To features at 1/2."""

    reduction, size_multiple = 2, 16

    def __init__(self, features):
        super().__init__()
        self.stem, self.encoder = ConvBnRelu(3, 16, 3, 2), nn.ModuleList()
        channels, kept = 16, []
        for expand, outputs, stride in ENCODER:
            if stride == 2:
                kept.append(channels)
            self.encoder.append(Inverted(channels, expand, outputs, stride))
            channels = outputs
        self.decoder = nn.ModuleList()
        for outputs in reversed(kept):
            self.decoder.append(LightUp(channels, outputs))
            channels = outputs
        self.out, self.features = nn.Conv2d(channels, features, 1), features

    def forward(self, images):
        maps, kept = self.stem(images), []
        for block, (_, _, stride) in zip(self.encoder, ENCODER):
            if stride == 2:
                kept.append(maps)
            maps = block(maps)
        for block in self.decoder:
            maps = block(maps, kept.pop())
        return self.out(maps)
