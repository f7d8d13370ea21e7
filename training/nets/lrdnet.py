"""LRDNet after its paper's description (Zhuang et al., 2021); the numbers are
nn/networks/lrdnet.c's. Factorised and depthwise convolutions, a dual attention decoder."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import ConvBn, ConvBnRelu, Depthwise, Down, Pair, Squeeze

# Of each block: its channels where it halves the size, else minus its dilation.
BLOCKS = (32, -1, -1, 64, -1, -2, 128, -1, -2, -5, -9, -2, -5, -9)


class AsymmetricResidual(nn.Module):
    """A pair; a depthwise column and row, dilated; 1x1; a shortcut."""

    def __init__(self, channels, dilation):
        super().__init__()
        self.a = Pair(channels)
        self.dv = Depthwise(channels, (3, 1), 1, dilation)
        self.dh = Depthwise(channels, (1, 3), 1, dilation)
        self.b = ConvBn(channels, channels, 1)

    def forward(self, maps):
        inner = F.relu(self.dh(F.relu(self.dv(F.relu(self.a(maps))))))
        return F.relu(self.b(inner) + maps)


class DualAttention(nn.Module):
    """What each position and each channel is worth; both refine the same features."""

    def __init__(self, inputs, features):
        super().__init__()
        self.add_module("in", ConvBnRelu(inputs, features, 3))
        self.where = ConvBn(inputs, 1, 7)
        self.what = Squeeze(features, (features + 3) // 4)
        self.out = nn.Conv2d(features, features, 1)

    def forward(self, maps):
        refined = self.get_submodule("in")(maps)
        where = refined * torch.sigmoid(self.where(maps))
        return self.out(where + self.what(refined))


class LrdNet(nn.Module):
    """To features at 1/8."""

    reduction, size_multiple = 8, 8

    def __init__(self, features):
        super().__init__()
        self.blocks, channels = nn.ModuleList(), 3
        for block in BLOCKS:
            self.blocks.append(Down(channels, block) if block > 0
                               else AsymmetricResidual(channels, -block))
            channels = max(channels, block)
        self.decoder, self.features = DualAttention(channels, features), features

    def forward(self, maps):
        for block in self.blocks:
            maps = block(maps)
        return self.decoder(maps)
