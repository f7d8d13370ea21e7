"""ENet (Paszke et al., 2016), as the widely used PyTorch port has it: no biases,
one PReLU slope a layer."""

import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-5


def conv(inputs, outputs, kernel, **more):
    return nn.Conv2d(inputs, outputs, kernel, bias=False, **more)


class Activation(nn.Module):
    def __init__(self, is_relu):
        super().__init__()
        self.f = nn.ReLU() if is_relu else nn.PReLU(1)

    def forward(self, maps):
        return self.f(maps)


def normed(layer, channels, is_relu, active=True):
    layers = [layer, nn.BatchNorm2d(channels, eps=EPS)]
    return nn.Sequential(*layers, *([Activation(is_relu)] if active else []))


class Regular(nn.Module):
    """A bottleneck. dilation 0 stands for a column of 5 and a row of 5."""

    def __init__(self, channels, dilation, is_relu, dropout):
        super().__init__()
        inner = channels // 4
        self.c1 = normed(conv(channels, inner, 1), inner, is_relu)
        if dilation == 0:
            column = normed(conv(inner, inner, (5, 1), padding=(2, 0)), inner, is_relu)
            row = normed(conv(inner, inner, (1, 5), padding=(0, 2)), inner, is_relu)
            self.c2 = nn.Sequential(*column, *row)
        else:
            self.c2 = normed(conv(inner, inner, 3, padding=dilation, dilation=dilation), inner,
                             is_relu)
        self.c3 = normed(conv(inner, channels, 1), channels, is_relu)
        self.drop, self.act = nn.Dropout2d(dropout), Activation(is_relu)

    def forward(self, maps):
        return self.act(maps + self.drop(self.c3(self.c2(self.c1(maps)))))


class DownBottleneck(nn.Module):
    """Half the size; also says where each maximum was."""

    def __init__(self, inputs, outputs, dropout):
        super().__init__()
        inner = inputs // 4
        self.c1 = normed(conv(inputs, inner, 2, stride=2), inner, False)
        self.c2 = normed(conv(inner, inner, 3, padding=1), inner, False)
        self.c3 = normed(conv(inner, outputs, 1), outputs, False)
        self.drop, self.act = nn.Dropout2d(dropout), Activation(False)
        self.new = outputs - inputs

    def forward(self, maps):
        pooled, places = F.max_pool2d(maps, 2, 2, return_indices=True)
        pooled = F.pad(pooled, (0, 0, 0, 0, 0, self.new))  # new channels start at zero
        return self.act(pooled + self.drop(self.c3(self.c2(self.c1(maps))))), places


class UpBottleneck(nn.Module):
    """Twice the size: values go back to where the maxima were."""

    def __init__(self, inputs, outputs, dropout):
        super().__init__()
        inner = inputs // 4
        self.m = normed(conv(inputs, outputs, 1), outputs, True, active=False)
        self.c1 = normed(conv(inputs, inner, 1), inner, True)
        self.t = nn.ConvTranspose2d(inner, inner, 2, 2, bias=False)
        self.tb = nn.BatchNorm2d(inner, eps=EPS)
        self.c2 = normed(conv(inner, outputs, 1), outputs, True, active=False)
        self.drop = nn.Dropout2d(dropout)

    def forward(self, maps, places):
        main = F.max_unpool2d(self.m(maps), places, 2, 2)
        return F.relu(main + self.drop(self.c2(F.relu(self.tb(self.t(self.c1(maps)))))))


class ENet(nn.Module):
    """To features at the input's size."""

    reduction, size_multiple = 1, 8

    def __init__(self, features):
        super().__init__()
        self.ini, self.ibn = conv(3, 13, 3, stride=2, padding=1), nn.BatchNorm2d(16, eps=EPS)
        self.iact = Activation(False)
        self.d1 = DownBottleneck(16, 64, 0.01)
        self.s1 = nn.ModuleList([Regular(64, 1, False, 0.01) for _ in range(4)])
        self.d2 = DownBottleneck(64, 128, 0.1)
        section = (1, 2, 0, 4, 1, 8, 0, 16)
        self.s2 = nn.ModuleList([Regular(128, d, False, 0.1) for d in section * 2])
        self.u4 = UpBottleneck(128, 64, 0.1)
        self.s4 = nn.ModuleList([Regular(64, 1, True, 0.1) for _ in range(2)])
        self.u5 = UpBottleneck(64, 16, 0.1)
        self.s5 = nn.ModuleList([Regular(16, 1, True, 0.1)])
        self.out = nn.ConvTranspose2d(16, features, 3, 2, 1, output_padding=1, bias=False)
        self.features = features

    def forward(self, images):
        maps = torch.cat([self.ini(images), F.max_pool2d(images, 3, 2, 1)], 1)
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
