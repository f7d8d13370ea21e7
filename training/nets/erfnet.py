"""ERFNet (Romera et al., T-ITS 2018): non-bottleneck-1D blocks."""

from torch import nn

from .blocks import Chain, Down, Residual1d, Up


class ErfNet(Chain):
    """To features at the input's size."""

    reduction, size_multiple = 1, 8

    def __init__(self, features):
        blocks = [Down(3, 16), Down(16, 64)]
        blocks += [Residual1d(64, dropout=0.03) for _ in range(5)]
        blocks += [Down(64, 128)]
        blocks += [Residual1d(128, 3, d, 0.3) for _ in range(2) for d in (2, 4, 8, 16)]
        blocks += [Up(128, 64), Residual1d(64), Residual1d(64)]
        blocks += [Up(64, 16), Residual1d(16), Residual1d(16)]
        super().__init__(blocks + [nn.ConvTranspose2d(16, features, 2, 2)])
        self.features = features
