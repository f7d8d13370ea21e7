"""LEDNet (Wang et al., ICIP 2019): split-shuffle blocks, an attention pyramid."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import Chain, ConvBnRelu, Down, Pair, resize


class SplitShuffle(nn.Module):
    """Half the channels through column-row pairs, half through row-column pairs;
    a shortcut; then the channels of the halves interleave."""

    def __init__(self, channels, dilation, dropout):
        super().__init__()
        half = channels // 2
        self.la, self.lb = Pair(half), Pair(half, 3, dilation)
        self.ra = Pair(half, row_first=True)
        self.rb = Pair(half, 3, dilation, row_first=True)
        self.drop = nn.Dropout2d(dropout)

    def forward(self, maps):
        left, right = maps.chunk(2, 1)
        left = self.drop(self.lb(F.relu(self.la(left), inplace=True)))
        right = self.drop(self.rb(F.relu(self.ra(right), inplace=True)))
        out = F.relu(torch.cat([left, right], 1) + maps, inplace=True)
        # Interleaved where they lie: channels last in memory, as everything here is trained.
        batch, channels, height, width = out.shape
        halves = out.permute(0, 2, 3, 1).reshape(batch, height, width, 2, channels // 2)
        return halves.transpose(3, 4).reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class AttentionPyramid(nn.Module):
    """A one-channel map built at 1/2, 1/4 and 1/8 weighs the features of each
    pixel; the features of the whole image are added."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.gp, self.mid = ConvBnRelu(inputs, outputs, 1), ConvBnRelu(inputs, outputs, 1)
        self.d1, self.d2 = ConvBnRelu(inputs, 1, 7, 2), ConvBnRelu(1, 1, 5, 2)
        self.d3a, self.d3b = ConvBnRelu(1, 1, 3, 2), ConvBnRelu(1, 1, 3)
        self.s2, self.s1 = ConvBnRelu(1, 1, 5), ConvBnRelu(1, 1, 7)

    def forward(self, maps):
        height, width = maps.shape[2:]
        half = self.d1(maps)
        quarter = self.d2(half)
        weight = resize(self.d3b(self.d3a(quarter)), (height // 4, width // 4)) + self.s2(quarter)
        weight = resize(weight, (height // 2, width // 2)) + self.s1(half)
        whole = resize(self.gp(F.adaptive_avg_pool2d(maps, 1)), (height, width))
        return resize(weight, (height, width)) * self.mid(maps) + whole


class LedNet(Chain):
    """To features at 1/8. (The published network enlarges them to the input's
    size; here that is the head's business.)"""

    reduction, size_multiple = 8, 32

    def __init__(self, features):
        blocks = [Down(3, 32)] + [SplitShuffle(32, 1, 0.03) for _ in range(3)]
        blocks += [Down(32, 64)] + [SplitShuffle(64, 1, 0.03) for _ in range(2)]
        blocks += [Down(64, 128)]
        blocks += [SplitShuffle(128, d, 0.3) for d in (1, 2, 5, 9, 2, 5, 9, 17)]
        super().__init__(blocks + [AttentionPyramid(128, features)])
        self.features = features
