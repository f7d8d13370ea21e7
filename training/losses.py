"""What training makes small. All lengths are fractions of the input's edge, all
in float32."""

import math

import torch
import torch.nn.functional as F

# Pairs of landmarks that tell how far eyes and mouth are open, and how wide the mouth is.
GAPS = ((37, 41), (38, 40), (43, 47), (44, 46), (61, 67), (62, 66), (63, 65), (60, 64))
# Lips weigh more: a mouth that never shuts is seen at once.
GAP_WEIGHTS = (0.7, 0.7, 0.7, 0.7, 1.6, 1.6, 1.6, 0.4)

JAW = slice(0, 17)
ALONG = 0.5  # what an error along the jaw counts beside one across it

CROP_TO_EYES = 0.39  # the outer eye corners' distance in a crop of margin 1.5, about


def wing(error, width=0.06, curve=0.012):
    """Feng et al. 2018: nearly the logarithm where errors are small, so that
    small errors keep their weight; linear beyond width."""
    reach = width - width * math.log1p(width / curve)
    return torch.where(error < width, width * torch.log1p(error / curve), error - reach)


def laplace_nll(distance, variance, floor=0.02):
    """How surprised a Laplace distribution of the map's own spread is by the
    error. distance in cells; variance in square cells, both directions: in a
    plane it is six times the square of the distribution's scale."""
    scale = torch.sqrt((variance + floor) / 6)
    return 2 * torch.log(scale) + distance / scale


def gap_error(points, target):
    """How wrong the way from one of a pair to the other is: batch x pairs."""
    first, second = (list(side) for side in zip(*GAPS))
    return torch.linalg.norm((points[:, first] - points[:, second]) -
                             (target[:, first] - target[:, second]), dim=-1)


def landmark_errors(points, target):
    """Distances, batch x 68. Where along the jaw an annotator put a point is chance: an error
    along the contour counts by half."""
    error = points - target
    along = F.normalize(target[:, 2:17] - target[:, 0:15], dim=-1)
    along = torch.cat([along[:, :1], along, along[:, -1:]], 1)
    slip = (error[:, JAW] * along).sum(-1, keepdim=True) * along
    error = torch.cat([error[:, JAW] - (1 - ALONG) * slip, error[:, JAW.stop:]], 1)
    return torch.linalg.norm(error, dim=-1)


def gap_loss(points, target):
    """Of each face, the pairs weighted."""
    weights = torch.tensor(GAP_WEIGHTS)
    return 10 * wing(gap_error(points, target) / CROP_TO_EYES) @ (weights / weights.sum())


def landmark_loss(points, variance, maps, target, is_face, nll_weight=0.1, none_weight=0.02,
                  gap_weight=0.0):
    """-> loss, mean error over faces in outer-eye distances (about)."""
    edge = maps.shape[-1]
    distance = landmark_errors(points, target)
    inside = ((target > -0.02) & (target < 1.02)).all(-1)
    weight = (is_face[:, None] & inside).float()
    total = weight.sum().clamp(min=1)
    by_place = (wing(distance / CROP_TO_EYES) * weight).sum() / total
    by_spread = (laplace_nll(distance * edge, variance) * weight).sum() / total
    loss = by_place * 10 + nll_weight * by_spread
    if gap_weight > 0 and is_face.any():
        loss = loss + gap_weight * gap_loss(points[is_face], target[is_face]).mean()
    if (~is_face).any():  # no face: a map that knows nothing
        loss = loss + none_weight * uniform_loss(maps[~is_face])
    return loss, ((distance * weight).sum() / total / CROP_TO_EYES).detach()


def uniform_loss(maps):
    """Kullback-Leibler divergence of the softmax from the even distribution."""
    flat = F.log_softmax(maps.flatten(2), 2)
    even = -torch.log(torch.tensor(float(flat.shape[2])))
    return (even - flat.mean(2)).mean()
