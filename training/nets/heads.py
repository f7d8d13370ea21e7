"""Heat maps to keypoints, as nn/heads/heads.c does it."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import resize


class LandmarkHead(nn.Module):
    """One heat map per landmark; its softmax's mean is the position.

    Positions are fractions of the input's edges; pixel centres of the map lie
    at (i + 0.5) / edge. variance is that of the position, in cells of the map,
    both directions together."""

    kind = "landmark"

    def __init__(self, features, keypoints, kernel=1, upsample=2):
        super().__init__()
        self.kp = nn.Conv2d(features, keypoints, kernel, padding=kernel // 2)
        self.upsample = upsample

    def maps(self, features):
        out = self.kp(features)
        height, width = out.shape[2:]
        return resize(out, (height * self.upsample, width * self.upsample))

    def forward(self, features, _):
        maps = self.maps(features).float()
        return (*soft_argmax(maps), maps)


def soft_argmax(maps):
    """(batch, K, h, w) logits -> positions (batch, K, 2), variances (batch, K)."""
    batch, count, height, width = maps.shape
    share = F.softmax(maps.flatten(2), 2).view(batch, count, height, width)
    xs, ys = torch.arange(width).to(maps), torch.arange(height).to(maps)
    by_x, by_y = share.sum(2), share.sum(3)
    x, y = by_x @ xs, by_y @ ys
    variance = (by_x * (xs - x[..., None]) ** 2).sum(-1) + (by_y * (ys - y[..., None]) ** 2).sum(-1)
    points = torch.stack([(x + 0.5) / width, (y + 0.5) / height], -1)
    return points, variance


def confidence(variance, edge):
    """nn/heads/heads.c's measure: a half where the position's deviation is an eighth of the map's edge."""
    return 1 / (1 + variance * 64 / edge ** 2)


class MotionHead(nn.Module):
    """The First Order Motion Model's: one heat map per keypoint by a 7x7
    convolution without padding, a softmax at temperature 0.1; each keypoint's
    Jacobian is a mean of four more maps under the same weights.

    Positions are in [-1, 1], corner pixels at the ends."""

    kind = "motion"

    def __init__(self, features, keypoints, kernel=7, temperature=0.1):
        super().__init__()
        self.kp = nn.Conv2d(features, keypoints, kernel)
        self.kp.weight.data *= temperature  # maps start nearly even, whatever the temperature
        self.jac = nn.Conv2d(features, 4 * keypoints, kernel)
        nn.init.zeros_(self.jac.weight)  # Jacobians start as the identity
        self.jac.bias.data = torch.tensor([1.0, 0.0, 0.0, 1.0]).repeat(keypoints)
        self.temperature = temperature

    def forward(self, features, size):
        """size: the image's -> positions (batch, K, 2), Jacobians (batch, K, 2, 2), shares of the
        softmax (batch, K, h, w)"""
        features = resize(features, size)
        return read_motion(self.kp(features).float(), self.jac(features).float(), self.temperature)


class DirectMotionHead(nn.Module):
    """The same without convolutions: the backbone's features are the heat maps,
    then four maps for each keypoint's Jacobian."""

    kind = "motion"

    def __init__(self, features, temperature=0.1):
        super().__init__()
        self.keypoints, self.temperature = features // 5, temperature

    def forward(self, features, size):
        features = resize(features.float(), size)
        return read_motion(features[:, :self.keypoints], features[:, self.keypoints:],
                           self.temperature)


class SmallMotionHead(nn.Module):
    """One convolution to all maps, at the features' own size; the maps are what is
    enlarged then, to the image's size."""

    kind = "motion"

    def __init__(self, features, keypoints, kernel=3, temperature=0.1):
        super().__init__()
        self.maps = nn.Conv2d(features, 5 * keypoints, kernel, padding=kernel // 2)
        self.maps.weight.data[:keypoints] *= temperature
        nn.init.zeros_(self.maps.weight[keypoints:].data)
        self.maps.bias.data[keypoints:] = torch.tensor([1.0, 0.0, 0.0, 1.0]).repeat(keypoints)
        self.keypoints, self.temperature = keypoints, temperature

    def forward(self, features, size):
        maps = resize(self.maps(features).float(), size)
        return read_motion(maps[:, :self.keypoints], maps[:, self.keypoints:], self.temperature)


def read_motion(logits, maps, temperature):
    batch, count, height, width = logits.shape
    share = F.softmax(logits.flatten(2) / temperature, 2)
    place = share @ corner_grid(height, width).to(share)
    maps = maps.view(batch, count, 4, height * width)
    jacobians = (maps * share[:, :, None]).sum(-1).view(batch, count, 2, 2)
    return place, jacobians, share.view(batch, count, height, width)


def corner_grid(height, width):
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width),
                          indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2)
