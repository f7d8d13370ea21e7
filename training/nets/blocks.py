"""What the backbones share. Attribute names are the tensor names of the weight
files, so a name changed here is a file that no longer loads."""

import torch
import torch.nn.functional as F
from torch import nn


def resize(maps, size):
    """Bilinear, corner pixel on corner pixel."""
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=True)


class Chain(nn.Module):
    """Blocks one behind the other, named blocks.0, blocks.1, ..."""

    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, maps):
        for block in self.blocks:
            maps = block(maps)
        return maps


class ConvBn(nn.Module):
    """A square convolution that keeps the size (or divides it by stride)."""

    def __init__(self, inputs, outputs, kernel, stride=1, eps=1e-3):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.bn = nn.BatchNorm2d(outputs, eps=eps)

    def forward(self, maps):
        return self.bn(self.conv(maps))


class ConvBnRelu(ConvBn):
    def forward(self, maps):
        return F.relu(super().forward(maps), inplace=True)


class Depthwise(nn.Module):
    """Each channel by itself; kernel is height x width."""

    def __init__(self, channels, kernel, stride=1, dilation=1, eps=1e-3):
        super().__init__()
        padding = tuple(k // 2 * dilation for k in kernel)
        self.conv = nn.Conv2d(channels, channels, kernel, stride, padding, dilation,
                              groups=channels)
        self.bn = nn.BatchNorm2d(channels, eps=eps)

    def forward(self, maps):
        return self.bn(self.conv(maps))


class Squeeze(nn.Module):
    """What the whole image says of each channel, times the channel."""

    def __init__(self, channels, inner):
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, inner, 1), nn.Conv2d(inner, channels, 1)

    def forward(self, maps):
        whole = F.relu(self.a(F.adaptive_avg_pool2d(maps, 1)))
        return maps * torch.sigmoid(self.b(whole))


class Down(nn.Module):
    """Half the size: a 3x3 convolution of stride 2 beside a 2x2 maximum, which
    brings the input's channels along where there are more outputs than inputs."""

    def __init__(self, inputs, outputs, eps=1e-3):
        super().__init__()
        self.pools = outputs > inputs
        self.conv = nn.Conv2d(inputs, outputs - inputs if self.pools else outputs, 3, 2, 1)
        self.bn = nn.BatchNorm2d(outputs, eps=eps)

    def forward(self, maps):
        out = self.conv(maps)
        if self.pools:
            out = torch.cat([out, F.max_pool2d(maps, 2, 2)], 1)
        return F.relu(self.bn(out), inplace=True)


class Up(nn.Module):
    """Twice the size by a transposed 3x3 convolution."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, maps):
        return F.relu(self.bn(self.conv(maps)), inplace=True)


class Pair(nn.Module):
    """A column (k x 1) and a row (1 x k) in place of a k x k convolution."""

    def __init__(self, channels, kernel=3, dilation=1, relu_between=True, row_first=False,
                 norm=True, eps=1e-3):
        super().__init__()
        pad = (kernel - 1) // 2 * dilation
        self.v = nn.Conv2d(channels, channels, (kernel, 1), padding=(pad, 0),
                           dilation=(dilation, 1))
        self.h = nn.Conv2d(channels, channels, (1, kernel), padding=(0, pad),
                           dilation=(1, dilation))
        if norm:
            self.bn = nn.BatchNorm2d(channels, eps=eps)
        self.norm, self.relu_between, self.row_first = norm, relu_between, row_first

    def forward(self, maps):
        first, second = (self.h, self.v) if self.row_first else (self.v, self.h)
        maps = first(maps)
        if self.relu_between:
            maps = F.relu(maps, inplace=True)
        maps = second(maps)
        return self.bn(maps) if self.norm else maps


class Residual1d(nn.Module):
    """Two pairs and a shortcut: ERFNet's non-bottleneck-1D, ESNet's FCU."""

    def __init__(self, channels, kernel=3, dilation=1, dropout=0.0):
        super().__init__()
        self.a, self.b = Pair(channels, kernel), Pair(channels, kernel, dilation)
        self.drop = nn.Dropout2d(dropout)

    def forward(self, maps):
        return F.relu(self.drop(self.b(F.relu(self.a(maps)))) + maps)
