"""What a motion network learns: ten landmarks as its keypoints, and Jacobians
that follow known warps (the equivariance loss of the First Order Motion Model,
Siarohin et al. 2019). No pairs of video frames are needed.

Coordinates are in [-1, 1], corner pixels at the ends."""

import numpy as np
import torch
import torch.nn.functional as F

from .nets.heads import corner_grid
from .samples import tensor_of, view

# Brows' middles, outer eye corners, nose's tip, mouth's corners and lips, chin.
LANDMARKS = (19, 24, 36, 45, 30, 48, 54, 51, 57, 8)


def targets_of(points, size):
    """Fractions of the edge (pixel i covers i to i + 1) -> [-1, 1]."""
    pixels = points[:, list(LANDMARKS)] * size - 0.5
    return pixels / (size - 1) * 2 - 1


class Warp:
    """A batch of random warps: affine, and a thin-plate spline on a 5 x 5 grid.
    Maps a place in the warped image to where it came from."""

    def __init__(self, count, affine=0.08, spline=0.005, points=5):
        self.theta = torch.randn(count, 2, 3) * affine
        self.theta[:, 0, 0] += 1
        self.theta[:, 1, 1] += 1
        self.controls = corner_grid(points, points)
        self.force = torch.randn(count, len(self.controls), 1) * spline

    def __call__(self, places):
        """(batch, n, 2) -> (batch, n, 2)"""
        moved = places @ self.theta[:, :, :2].transpose(1, 2) + self.theta[:, None, :, 2]
        reach = (places[:, :, None] - self.controls).abs().sum(-1)
        return moved + (reach ** 2 * torch.log(reach + 1e-6)) @ self.force

    def jacobian(self, places):
        """(batch, n, 2) -> (batch, n, 2, 2): how a place moves its origin."""
        places = places.detach().requires_grad_(True)
        moved = self(places)
        rows = [torch.autograd.grad(moved[..., i].sum(), places, retain_graph=True)[0]
                for i in range(2)]
        return torch.stack(rows, -2).detach()

    def picture(self, images):
        height, width = images.shape[2:]
        grid = corner_grid(height, width).expand(len(images), -1, -1)
        return F.grid_sample(images, self(grid).view(-1, height, width, 2),
                             padding_mode="reflection", align_corners=True)


def equivariance(net, images, place, jacobian):
    """The warped image's keypoints lie where the warp says; its Jacobians
    followed by the warp's are the image's."""
    warp = Warp(len(images))
    moved, moved_jacobian, _ = net(warp.picture(images))
    by_place = (place - warp(moved)).abs().mean()
    wanted = warp.jacobian(moved) @ moved_jacobian
    identity = torch.eye(2)
    by_jacobian = (identity - torch.linalg.solve(regular(jacobian), wanted)).abs().mean()
    return by_place, by_jacobian


def regular(jacobian, least=1e-2):
    """Away from singular ones, early in training."""
    determinant = torch.linalg.det(jacobian)[..., None, None]
    return torch.where(determinant.abs() < least, jacobian + 0.1 * torch.eye(2), jacobian)


def loss(net, images, points, is_face):
    images, points = images[is_face], points[is_face]
    place, jacobian, _ = net(images)
    target = targets_of(points, images.shape[-1])
    by_label = (place - target).abs().mean()
    by_place, by_jacobian = equivariance(net, images, place, jacobian)
    return 10 * (by_label + by_place) + by_jacobian, by_label.detach()


def check(options, faces, net, state):
    """Keypoints' mean distance to the labels, in [-1, 1], on validation faces."""
    net.load_state_dict(state)
    net.eval()
    items = np.concatenate([faces.choose("val", o)[:70] for o in ("helen_train", "p1")])
    pictures, points = zip(*(view(faces, i, options.size, options.margin) for i in items))
    with torch.no_grad():
        place, _, _ = net(torch.stack([tensor_of(p) for p in pictures]))
    target = targets_of(torch.from_numpy(np.array(points)), options.size)
    return {"distance": round(float(torch.linalg.norm(place - target, dim=-1).mean()), 5)}
