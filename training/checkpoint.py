"""A run's folder: checkpoint.pt, replaced whole, and log.jsonl."""

import json
import os

import torch

from . import nets, safetensors


def save(folder, state):
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)


def load(folder):
    """The state saved last, or None."""
    path = os.path.join(folder, "checkpoint.pt")
    return torch.load(path, map_location="cpu") if os.path.exists(path) else None


def log(folder, entry):
    with open(os.path.join(folder, "log.jsonl"), "a") as file:
        file.write(json.dumps(entry) + "\n")


def lineage_of(options):
    """Where a training began: ", from …", or nothing."""
    started = [options[name] for name in ("begin", "weights", "init", "init_backbone")
               if options.get(name)]
    parts = [part for path in started[:1] for part in path.split("/") if part != "checkpoint.pt"]
    return f", from {parts[-1]}" if parts else ""


def load_weights(net, path):
    """A weight file's tensors into the net; both must have the same ones."""
    tensors, _ = safetensors.read(path)
    state = net.state_dict()
    names = nets.file_names(net)
    if set(names) != set(tensors):
        raise SystemExit(f"{path}: not the tensors of this network: "
                         f"{sorted(set(names) ^ set(tensors))[:4]}")
    for name, own in names.items():
        state[own].copy_(torch.from_numpy(tensors[name]))


def load_backbone(net, run):
    """A run's averaged backbone into the net's; heads may differ."""
    state = load(run)
    if state is None:
        raise SystemExit(f"{run}: has no checkpoint")
    prefix = "backbone."
    net.backbone.load_state_dict({name[len(prefix):]: tensor
                                  for name, tensor in state["average"].items()
                                  if name.startswith(prefix)})


class Average:
    """Exponential moving average of a net's state, norms' statistics included."""

    def __init__(self, net, decay):
        self.decay = decay
        self.state = {n: t.detach().clone() for n, t in net.state_dict().items()}

    def update(self, net, step):
        keep = min(self.decay, (1 + step) / (10 + step))
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                self.state[name].lerp_(tensor, 1 - keep)
            else:
                self.state[name].copy_(tensor)
