"""ENet (Paszke et al., 2016) in two dialects: as the widely used PyTorch port has
it (no biases, one PReLU slope a layer), and as the authors' Torch7 release."""

import torch
import torch.nn.functional as F
from torch import nn


class Activation(nn.Module):
    def __init__(self, slopes):
        super().__init__()
        self.f = nn.PReLU(slopes) if slopes > 0 else nn.ReLU()

    def forward(self, maps):
        return self.f(maps)


class Dialect:
    """Layers as the port makes them, or the original. Slopes are PReLU's; in the
    decoder ReLU stands in its place."""

    def __init__(self, original):
        self.original, self.eps = original, 1e-3 if original else 1e-5

    def conv(self, inputs, outputs, kernel, bias=False, **more):
        return nn.Conv2d(inputs, outputs, kernel, bias=bias, **more)

    def norm(self, channels):
        return nn.BatchNorm2d(channels, eps=self.eps)

    def act(self, channels, is_relu):
        return Activation(0 if is_relu else channels if self.original else 1)

    def normed(self, layer, channels, is_relu, active=True):
        layers = [layer, self.norm(channels)]
        return nn.Sequential(*layers, *([self.act(channels, is_relu)] if active else []))

    def inner(self, inputs, outputs):
        """Of a bottleneck that changes the size."""
        return (outputs if self.original else inputs) // 4

    def middle(self, channels, dilation, is_relu):
        """dilation 0 stands for a column of 5 and a row of 5."""
        column = {"kernel": (5, 1), "padding": (2, 0)}
        row = {"kernel": (1, 5), "padding": (0, 2)}
        if dilation > 0:
            square = self.conv(channels, channels, 3, self.original, padding=dilation,
                               dilation=dilation)
            return self.normed(square, channels, is_relu)
        if self.original:
            return nn.Sequential(self.conv(channels, channels, **row),
                                 *self.normed(self.conv(channels, channels, bias=True, **column),
                                              channels, is_relu))
        return nn.Sequential(*self.normed(self.conv(channels, channels, **column), channels,
                                          is_relu),
                             *self.normed(self.conv(channels, channels, **row), channels, is_relu))

    def expansion(self, inputs, outputs, is_relu):
        return self.normed(self.conv(inputs, outputs, 1), outputs, is_relu, not self.original)


class Regular(nn.Module):
    """A bottleneck."""

    def __init__(self, dialect, channels, dilation, is_relu, dropout):
        super().__init__()
        inner = channels // 4
        self.c1 = dialect.normed(dialect.conv(channels, inner, 1), inner, is_relu)
        self.c2 = dialect.middle(inner, dilation, is_relu)
        self.c3 = dialect.expansion(inner, channels, is_relu)
        self.drop, self.act = nn.Dropout2d(dropout), dialect.act(channels, is_relu)

    def forward(self, maps):
        return self.act(maps + self.drop(self.c3(self.c2(self.c1(maps)))))


class DownBottleneck(nn.Module):
    """Half the size; also says where each maximum was."""

    def __init__(self, dialect, inputs, outputs, dropout):
        super().__init__()
        inner = dialect.inner(inputs, outputs)
        self.c1 = dialect.normed(dialect.conv(inputs, inner, 2, stride=2), inner, False)
        self.c2 = dialect.middle(inner, 1, False)
        self.c3 = dialect.expansion(inner, outputs, False)
        self.drop, self.act = nn.Dropout2d(dropout), dialect.act(outputs, False)
        self.new = outputs - inputs

    def forward(self, maps):
        pooled, places = F.max_pool2d(maps, 2, 2, return_indices=True)
        pooled = F.pad(pooled, (0, 0, 0, 0, 0, self.new))  # new channels start at zero
        return self.act(pooled + self.drop(self.c3(self.c2(self.c1(maps))))), places


class UpBottleneck(nn.Module):
    """Twice the size: values go back to where the maxima were."""

    def __init__(self, dialect, inputs, outputs, dropout):
        super().__init__()
        inner = dialect.inner(inputs, outputs)
        self.m = dialect.normed(dialect.conv(inputs, outputs, 1), outputs, True, active=False)
        self.c1 = dialect.normed(dialect.conv(inputs, inner, 1), inner, True)
        self.t = (nn.ConvTranspose2d(inner, inner, 3, 2, 1, output_padding=1) if dialect.original
                  else nn.ConvTranspose2d(inner, inner, 2, 2, bias=False))
        self.tb = dialect.norm(inner)
        self.c2 = dialect.normed(dialect.conv(inner, outputs, 1), outputs, True, active=False)
        self.drop = nn.Dropout2d(dropout)

    def forward(self, maps, places):
        main = F.max_unpool2d(self.m(maps), places, 2, 2)
        return F.relu(main + self.drop(self.c2(F.relu(self.tb(self.t(self.c1(maps)))))))


class ENet(nn.Module):
    """To features at the input's size."""

    reduction, size_multiple, original = 1, 8, False

    def __init__(self, features):
        super().__init__()
        dialect = Dialect(self.original)
        self.ini = dialect.conv(3, 13, 3, self.original, stride=2, padding=1)
        self.ibn, self.iact = dialect.norm(16), dialect.act(16, False)
        self.d1 = DownBottleneck(dialect, 16, 64, 0.01)
        self.s1 = nn.ModuleList([Regular(dialect, 64, 1, False, 0.01) for _ in range(4)])
        self.d2 = DownBottleneck(dialect, 64, 128, 0.1)
        section = (1, 2, 0, 4, 1, 8, 0, 16)
        self.s2 = nn.ModuleList([Regular(dialect, 128, d, False, 0.1) for d in section * 2])
        decoder = 0.0 if self.original else 0.1
        self.u4 = UpBottleneck(dialect, 128, 64, decoder)
        self.s4 = nn.ModuleList([Regular(dialect, 64, 1, True, decoder) for _ in range(2)])
        self.u5 = UpBottleneck(dialect, 64, 16, decoder)
        self.s5 = nn.ModuleList([Regular(dialect, 16, 1, True, decoder)])
        self.out = (nn.ConvTranspose2d(16, features, 2, 2) if self.original else
                    nn.ConvTranspose2d(16, features, 3, 2, 1, output_padding=1, bias=False))
        self.features = features

    def forward(self, images):
        pooled = F.max_pool2d(images, 2, 2) if self.original else F.max_pool2d(images, 3, 2, 1)
        maps = torch.cat([self.ini(images), pooled], 1)
        maps, half = self.d1(self.iact(self.ibn(maps)))
        for block in self.s1:
            maps = block(maps)
        maps, quarter = self.d2(maps)
        for block in self.s2:
            maps = block(maps)
        maps = self.u4(maps, quarter)
        for block in self.s4:
            maps = block(maps)
        maps = self.u5(maps, half)
        for block in self.s5:
            maps = block(maps)
        return self.out(maps)


class ENetOriginal(ENet):
    original = True
