"""The networks of nn/, in PyTorch, with the same tensor names."""

from torch import nn

from .blocks import Up
from .edanet import EdaNet
from .enet import ENet, ENetOriginal
from .erfnet import ErfNet
from .esnet import EsNet
from .heads import (DirectMotionHead, LandmarkHead, MotionHead, SmallMotionHead, confidence,
                    soft_argmax)
from .hourglass import Hourglass
from .laednet import LaedNet
from .lednet import AttentionPyramid, LedNet
from .lrdnet import LrdNet

BACKBONES = {"edanet": EdaNet, "enet": ENet, "enet-orig": ENetOriginal, "erfnet": ErfNet,
             "esnet": EsNet, "hourglass": Hourglass, "laednet": LaedNet, "lednet": LedNet,
             "lrdnet": LrdNet}


class Net(nn.Module):
    """A backbone and a head. In a weight file the backbone's tensors have no
    prefix, the head's are called head.*"""

    def __init__(self, arch, features, make_head):
        super().__init__()
        self.arch = arch
        self.backbone = BACKBONES[arch](features)
        self.head = make_head(self.backbone.features)

    def forward(self, images):
        return self.head(self.backbone(images), images.shape[2:])


def landmark_net(arch="lednet", keypoints=68, features=64, kernel=1, upsample=None):
    if upsample is None:  # maps of a quarter of the input's edge, or whole ones
        upsample = 2 if BACKBONES[arch].reduction == 8 else 1
    return Net(arch, features, lambda width: LandmarkHead(width, keypoints, kernel, upsample))


def motion_net(arch="hourglass", keypoints=10, features=32):
    return Net(arch, features, lambda width: MotionHead(width, keypoints))


def small_motion_net(arch="lednet", keypoints=10, features=32):
    return Net(arch, features, lambda width: SmallMotionHead(width, keypoints))


def direct_motion_net(arch="edanet", keypoints=10):
    """Not for the hourglass, whose features are its own."""
    return Net(arch, 5 * keypoints, DirectMotionHead)


def file_names(net):
    """{name in a weight file: name in the net's state}, without the counters
    that batch norms keep for PyTorch alone."""
    names = [n for n in net.state_dict() if not n.endswith("num_batches_tracked")]
    return {n[len("backbone."):] if n.startswith("backbone.") else n: n for n in names}


def encoder_end(backbone):
    """The module whose output is the smallest map of the network."""
    if isinstance(backbone, Hourglass):
        return backbone.down[-1]
    if isinstance(backbone, ENet):
        return backbone.s2[-1]
    if isinstance(backbone, LaedNet):
        return backbone.encoder[-1]
    if isinstance(backbone, LrdNet):
        return backbone.blocks[-1]
    decoders = (Up, AttentionPyramid, nn.Conv2d)
    return next(before for before, block in zip(backbone.blocks, backbone.blocks[1:])
                if isinstance(block, decoders))
