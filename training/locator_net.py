"""The face locator's network: LEDNet's blocks, fewer and narrower.

nn/networks/lednet.c builds the same network under the same tensor names.
"""
import torch
from torch import nn
from torch.nn import functional as F

INPUT = 128  # pixels, both edges
CELL = 8     # pixels of the input to a cell of the map
GRID = INPUT // CELL
FEATURES = 32
OUTPUTS = 5  # score logit; centre dx, dy in cells from the cell's middle; log width, log height in cells
EPSILON = 1e-3


class Down(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.conv = nn.Conv2d(before, after - before, 3, 2, 1)
        self.bn = nn.BatchNorm2d(after, EPSILON)

    def forward(self, x):
        return F.relu(self.bn(torch.cat([self.conv(x), F.max_pool2d(x, 2)], 1)))


class Pair(nn.Module):
    """A 3x3 window as two of 3x1 and 1x3."""

    def __init__(self, channels, dilation, vertical_first):
        super().__init__()
        self.v = nn.Conv2d(channels, channels, (3, 1), padding=(dilation, 0), dilation=(dilation, 1))
        self.h = nn.Conv2d(channels, channels, (1, 3), padding=(0, dilation), dilation=(1, dilation))
        self.bn = nn.BatchNorm2d(channels, EPSILON)
        self.vertical_first = vertical_first

    def forward(self, x):
        first, second = (self.v, self.h) if self.vertical_first else (self.h, self.v)
        return self.bn(second(F.relu(first(x))))


class SplitShuffle(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        half = channels // 2
        self.la, self.lb = Pair(half, 1, True), Pair(half, dilation, True)
        self.ra, self.rb = Pair(half, 1, False), Pair(half, dilation, False)

    def forward(self, x):
        left, right = x.chunk(2, 1)
        left = F.relu(self.lb(F.relu(self.la(left))) + left)
        right = F.relu(self.rb(F.relu(self.ra(right))) + right)
        return torch.stack([left, right], 2).flatten(1, 2)


class ConvNorm(nn.Module):
    def __init__(self, before, after, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, kernel // 2)
        self.bn = nn.BatchNorm2d(after, EPSILON)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def enlarge(x, like):
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)


class AttentionPyramid(nn.Module):
    def __init__(self, channels, features):
        super().__init__()
        self.gp = ConvNorm(channels, features, 1)
        self.mid = ConvNorm(channels, features, 1)
        self.d1, self.d2 = ConvNorm(channels, 1, 7, 2), ConvNorm(1, 1, 5, 2)
        self.d3a, self.d3b = ConvNorm(1, 1, 3, 2), ConvNorm(1, 1, 3)
        self.s2, self.s1 = ConvNorm(1, 1, 5), ConvNorm(1, 1, 7)

    def forward(self, x):
        half = self.d1(x)
        quarter = self.d2(half)
        weight = enlarge(self.d3b(self.d3a(quarter)), quarter) + self.s2(quarter)
        weight = enlarge(weight, half) + self.s1(half)
        whole = self.gp(x.mean((2, 3), keepdim=True))
        return self.mid(x) * enlarge(weight, x) + enlarge(whole, x)


class Head(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.face = nn.Conv2d(features, OUTPUTS, 3, padding=1)

    def forward(self, x):
        return self.face(x)


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([
            Down(3, 16),
            Down(16, 32), SplitShuffle(32, 1),
            Down(32, 64), SplitShuffle(64, 1), SplitShuffle(64, 2), SplitShuffle(64, 5), SplitShuffle(64, 9),
            AttentionPyramid(64, FEATURES),
        ])
        self.head = Head(FEATURES)
        nn.init.constant_(self.head.face.bias, 0)
        self.head.face.bias.data[0] = -4  # faces are rare: begin by saying no

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def boxes_of(maps):
    """Centre x, centre y, width, height of the box of each cell, in cells: B x 4 x GRID x GRID."""
    size = maps.shape[2:]
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    return torch.stack([maps[:, 1] + x + 0.5, maps[:, 2] + y + 0.5,
                        maps[:, 3].clamp(-4, 4).exp(), maps[:, 4].clamp(-4, 4).exp()], 1)
