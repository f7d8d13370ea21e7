"""The hourglass of the First Order Motion Model's keypoint detector (Siarohin et
al., NeurIPS 2019)."""

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, DEPTH, WIDEST = 32, 5, 1024


class ConvBnRelu3(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs)

    def forward(self, maps):
        return F.relu(self.bn(self.conv(maps)))


class Hourglass(nn.Module):
    """To 35 features at the input's size: 32 and the image itself. The number
    is the network's own; what is asked for is not looked at."""

    reduction, size_multiple = 1, 32

    def __init__(self, features=WIDTH + 3):
        super().__init__()
        width = [min(WIDEST, WIDTH * 2 ** i) for i in range(DEPTH + 1)]
        self.down = nn.ModuleList([ConvBnRelu3(3 if i == 0 else width[i], width[i + 1])
                                   for i in range(DEPTH)])
        self.up = nn.ModuleList([ConvBnRelu3((1 if i == DEPTH - 1 else 2) * width[i + 1], width[i])
                                 for i in reversed(range(DEPTH))])
        self.features = WIDTH + 3

    def forward(self, images):
        kept, maps = [images], images
        for block in self.down:
            maps = F.avg_pool2d(block(maps), 2)
            kept.append(maps)
        kept.pop()
        for block in self.up:
            maps = block(F.interpolate(maps, scale_factor=2.0, mode="nearest"))
            maps = torch.cat([maps, kept.pop()], 1)
        return maps
