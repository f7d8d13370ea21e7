"""Errors of a network over images of a set."""

import numpy as np
import torch

from .nets import confidence
from .samples import tensor_of, view


def predict(net, pictures):
    """Images (RGB bytes) -> points as fractions of the edge, confidences."""
    points, trust = [], []
    with torch.no_grad():
        for first in range(0, len(pictures), 16):
            batch = torch.stack([tensor_of(p) for p in pictures[first:first + 16]])
            found, variance, maps = net(batch)
            points.append(found.numpy())
            trust.append(confidence(variance, maps.shape[-1]).numpy())
    return np.concatenate(points), np.concatenate(trust)


def distances(points, truth):
    """Each point's error over the outer-eye distance: faces x 68."""
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    return np.linalg.norm(points - truth, axis=-1) / eyes[:, None]


def errors_of(net, faces, items, size, margin):
    pictures, truth = zip(*(view(faces, item, size, margin) for item in items))
    points, _ = predict(net, pictures)
    return distances(points, np.array(truth)).mean(1)


def correlations(found, truth):
    """Of each column, for arrays and tensors alike."""
    a, b = found - found.mean(0), truth - truth.mean(0)
    return (a * b).mean(0) / (a.std(0) * b.std(0) + 1e-9)
