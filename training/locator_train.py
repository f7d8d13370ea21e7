"""Trains the face locator; goes on where it was stopped.

The learning rate rises, stays, and falls over the last part of the steps, so a
run may be given more steps until it begins to fall.
"""
import argparse
import copy
import os
import time

import cv2
import numpy as np
import torch

from training.locator_data import Composer, read_set, targets, to_input
from training.locator_evaluate import load
from training.locator_net import INPUT, Locator, boxes_of


def learning_rate(step, steps, peak):
    warm, fall = 300, int(0.35 * steps)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * max(0.01, min(1.0, (steps - step) / fall))


def batch(composer, seed, step, size):
    """The step's examples: the same whenever it is asked for."""
    composer.rng = np.random.default_rng((seed, step))
    inputs, wanted = [], []
    for _ in range(size):
        image, faces, doubtful = composer.example()
        inputs.append(to_input(image))
        wanted.append(targets(faces, doubtful, composer.size))
    return (torch.from_numpy(np.stack(inputs)),
            *[torch.from_numpy(np.stack(part)) for part in zip(*wanted)])


def score_loss(logit, score, weight):
    """Focal loss over hills of ones, as CenterNet has it."""
    p = logit.sigmoid().clamp(1e-5, 1 - 1e-5)
    top = score == 1
    hit = -(1 - p) ** 2 * p.log() * top
    miss = -(1 - score) ** 4 * p ** 2 * (1 - p).log() * ~top
    return ((hit + miss) * weight).sum() / (top * weight).sum().clamp(min=1)


def box_loss(maps, wanted, weight):
    """One less the overlap, and the distance of the centres and sizes."""
    found = boxes_of(maps)
    low = torch.maximum(found[:, :2] - found[:, 2:] / 2, wanted[:, :2] - wanted[:, 2:] / 2)
    high = torch.minimum(found[:, :2] + found[:, 2:] / 2, wanted[:, :2] + wanted[:, 2:] / 2)
    both = (high - low).clamp(min=0).prod(1)
    overlap = both / (found[:, 2:].prod(1) + wanted[:, 2:].prod(1) - both).clamp(min=1e-6)
    size = wanted[:, 2:].clamp(min=0.1)
    centre = ((found[:, :2] - wanted[:, :2]) / size).abs().sum(1)
    scale = (maps[:, 3:5] - size.log()).abs().sum(1)
    return ((1 - overlap + 0.5 * centre + 0.5 * scale) * weight).sum() / weight.sum().clamp(min=1)


def average(slow, fast, step):
    """Weights that follow the trained ones slowly: better than any of them."""
    keep = min(0.999, (step + 1) / (step + 10))
    with torch.no_grad():
        for name, value in slow.state_dict().items():
            other = fast.state_dict()[name]
            if value.dtype.is_floating_point:
                value.mul_(keep).add_(other, alpha=1 - keep)
            else:
                value.copy_(other)


def save(path, state):
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True, help="folder that locator_prepare wrote")
    parser.add_argument("--run", required=True, help="folder for the checkpoint, outside the repository")
    parser.add_argument("--begin", help="weights to begin with, .safetensors")
    parser.add_argument("--steps", type=int, default=9500)
    parser.add_argument("--size", type=int, default=INPUT, help="of the images: smaller is faster")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(arguments.seed)
    os.makedirs(arguments.run, exist_ok=True)
    checkpoint = os.path.join(arguments.run, "checkpoint.pt")

    net = load(arguments.begin).train() if arguments.begin else Locator()
    net = net.to(memory_format=torch.channels_last)
    slow = copy.deepcopy(net)
    decayed = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 1e-3},
                                   {"params": others, "weight_decay": 0}], lr=arguments.rate)
    step = 0
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        net.load_state_dict(state["net"])
        slow.load_state_dict(state["slow"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
        print(f"going on at step {step}", flush=True)

    composer = Composer(*read_set(arguments.set, "train"), arguments.size)
    begin, sums = time.time(), np.zeros(2)
    net.train()
    while step < arguments.steps:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, arguments.steps, arguments.rate)
        inputs, score, weight, boxes, box_weight = batch(composer, arguments.seed, step, arguments.batch)
        maps = net(inputs.contiguous(memory_format=torch.channels_last))
        losses = score_loss(maps[:, 0], score, weight), box_loss(maps, boxes, box_weight)
        optimiser.zero_grad()
        (losses[0] + losses[1]).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimiser.step()
        average(slow, net, step)
        step += 1
        sums += [loss.item() for loss in losses]
        if step % 25 == 0:
            print(f"step {step} score {sums[0] / 25:.3f} box {sums[1] / 25:.3f} "
                  f"{(time.time() - begin) / 25:.2f} s/step", flush=True)
            begin, sums = time.time(), np.zeros(2)
        if step % 25 == 0 or step == arguments.steps:
            save(checkpoint, {"net": net.state_dict(), "slow": slow.state_dict(),
                              "optimiser": optimiser.state_dict(), "step": step})


if __name__ == "__main__":
    main()
