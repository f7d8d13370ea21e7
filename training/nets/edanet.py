"""EDANet (Lo et al., MMAsia 2019): densely connected asymmetric modules."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import Chain, Down, Pair

GROWTH = 40
EPS = 1e-5


class DenseModule(nn.Module):
    """GROWTH new channels in front of those that came in."""

    def __init__(self, inputs, dilation, dropout=0.02):
        super().__init__()
        self.pw, self.bn0 = nn.Conv2d(inputs, GROWTH, 1), nn.BatchNorm2d(GROWTH, eps=EPS)
        self.a = Pair(GROWTH, relu_between=False, eps=EPS)
        self.b = Pair(GROWTH, 3, dilation, relu_between=False, eps=EPS)
        self.drop = nn.Dropout2d(dropout)

    def forward(self, maps):
        new = F.relu(self.bn0(self.pw(maps)))
        new = F.relu(self.b(F.relu(self.a(new))))
        return torch.cat([self.drop(new), maps], 1)


class EdaNet(Chain):
    """To features at 1/8. (The published network enlarges them to the input's
    size; here that is the head's business.)"""

    reduction, size_multiple = 8, 8

    def __init__(self, features):
        blocks, channels = [Down(3, 15, EPS), Down(15, 60, EPS)], 60
        for stage, dilations in ((None, (1, 1, 1, 2, 2)), (130, (2, 2, 4, 4, 8, 8, 16, 16))):
            if stage is not None:
                blocks.append(Down(channels, stage, EPS))
                channels = stage
            for dilation in dilations:
                blocks.append(DenseModule(channels, dilation))
                channels += GROWTH
        super().__init__(blocks + [nn.Conv2d(channels, features, 1)])
        self.features = features
