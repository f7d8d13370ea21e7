"""Results that are kept between runs, named after all that they were made from: a file of other
weights, or of another set, is never taken for them."""

import hashlib
import os

import numpy as np


def key_of(*sources):
    """A digest of the contents of files (paths that exist), arrays, and plain values."""
    digest = hashlib.sha256()
    for source in sources:
        if isinstance(source, np.ndarray):
            content = np.ascontiguousarray(source).tobytes()
        elif isinstance(source, str) and os.path.isfile(source):
            with open(source, "rb") as file:
                content = file.read()
        else:
            content = repr(source).encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]


def cached(folder, name, sources, make):
    """The array that make() gives from the sources; made once."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{name}-{key_of(*sources)}.npy")
    if not os.path.exists(path):
        np.save(path + ".new.npy", make())
        os.replace(path + ".new.npy", path)
    return np.load(path)
