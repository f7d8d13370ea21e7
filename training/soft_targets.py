"""A teacher's outputs for the images of a run, which its students learn from (Hinton et al. 2015).

Runs of the same set, size, steps, batch and seed see the same images, so what the teacher says of
each may be kept on disk: the first student asks the teacher, the others read. An image takes 70 kB
with a 7x7 head at 64x64. Several processes may share a folder."""

import os
import shutil
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

from . import cache, nets

ATTENTION = (8, 8)


class Encoder:
    """Keeps what the end of a backbone's encoder said last."""

    def __init__(self, net):
        nets.encoder_end(net.backbone).register_forward_hook(self.keep)
        self.maps = None

    def keep(self, module, inputs, output):
        self.maps = output

    def attention(self, size=ATTENTION):
        """Where the encoder is active (Zagoruyko and Komodakis 2017): a unit vector per image."""
        energy = self.maps.pow(2).mean(1, keepdim=True)
        return F.normalize(F.interpolate(energy, size, mode="bilinear",
                                         align_corners=False).flatten(1), dim=1)


class SoftTargets:
    """Asks a motion network, without keeping anything."""

    def __init__(self, teacher):
        self.teacher, self.encoder = teacher, Encoder(teacher)

    def __call__(self, images, numbers=None):
        """-> positions, Jacobians, shares of the softmax, the encoder's attention"""
        with torch.no_grad():
            return (*self.teacher(images), self.encoder.attention())


class KeptTargets(SoftTargets):
    """The same, kept in a folder by the numbers of the run's images."""

    # Shares lie between 0 and 1 and are learnt by their squared error: half precision is enough.
    TYPES = (np.float32, np.float32, np.float16, np.float32)

    def __init__(self, teacher, folder, faces, options):
        super().__init__(teacher)
        key = cache.key_of(*(t.numpy() for t in teacher.state_dict().values()), *faces.sources(),
                           options.size, options.margin, options.grimaces, options.seed,
                           options.steps * options.batch)
        self.folder, self.count = os.path.join(folder, key), options.steps * options.batch
        self.arrays, self.known = None, None
        if os.path.isdir(self.folder):
            self.open()

    def open(self):
        self.arrays = [np.load(os.path.join(self.folder, f"{i}.npy"), mmap_mode="r+")
                       for i in range(len(self.TYPES))]
        self.known = np.load(os.path.join(self.folder, "known.npy"), mmap_mode="r+")

    def create(self, targets):
        """Files full of zeros, whole or not at all; another process may do the same."""
        parent = os.path.dirname(self.folder)
        os.makedirs(parent, exist_ok=True)
        new = tempfile.mkdtemp(prefix="new-", dir=parent)
        for i, (target, kind) in enumerate(zip(targets, self.TYPES)):
            np.lib.format.open_memmap(os.path.join(new, f"{i}.npy"), "w+", kind,
                                      (self.count, *target.shape[1:]))
        np.lib.format.open_memmap(os.path.join(new, "known.npy"), "w+", bool, (self.count,))
        try:
            os.rename(new, self.folder)
        except OSError:  # the other was faster
            shutil.rmtree(new)

    def __call__(self, images, numbers=None):
        if self.known is None or not self.known[numbers].all():
            targets = super().__call__(images)
            if self.known is None:
                self.create(targets)
                self.open()
            for array, target in zip(self.arrays, targets):
                array[numbers] = target.numpy()
            self.known[numbers] = True
        return [torch.from_numpy(np.float32(array[numbers])) for array in self.arrays]
