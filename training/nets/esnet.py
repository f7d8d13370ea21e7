"""ESNet (Wang et al., PRCV 2019): factorised units, some of them in parallel."""

import torch.nn.functional as F
from torch import nn

from .blocks import Chain, Down, Pair, Residual1d, Up


class ParallelUnit(nn.Module):
    """A pair, then three dilated ones side by side, summed with the shortcut.
    The three share one batch norm."""

    def __init__(self, channels=128, dilations=(2, 5, 9), dropout=0.3):
        super().__init__()
        self.a = Pair(channels)
        self.br = nn.ModuleList([Pair(channels, 3, d, norm=False) for d in dilations])
        self.bn = nn.BatchNorm2d(channels, eps=1e-3)
        self.drop = nn.Dropout2d(dropout)

    def forward(self, maps):
        inner = F.relu(self.a(maps))
        for branch in self.br:
            maps = maps + self.drop(self.bn(branch(inner)))
        return F.relu(maps)


class EsNet(Chain):
    """To features at the input's size."""

    reduction, size_multiple = 1, 8

    def __init__(self, features):
        blocks = [Down(3, 16)] + [Residual1d(16, 3, 1, 0.03) for _ in range(3)]
        blocks += [Down(16, 64)] + [Residual1d(64, 5, 1, 0.03) for _ in range(2)]
        blocks += [Down(64, 128)] + [ParallelUnit() for _ in range(3)]
        blocks += [Up(128, 64)] + [Residual1d(64, 5) for _ in range(2)]
        blocks += [Up(64, 16)] + [Residual1d(16) for _ in range(2)]
        super().__init__(blocks + [nn.ConvTranspose2d(16, features, 2, 2)])
        self.features = features
