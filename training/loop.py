"""What every training here has in common: steps, schedule, averaging, log, and
checkpoints from which a run goes on."""

import math
import os
import time

import numpy as np
import torch

from . import checkpoint
from .samples import Samples


def add_arguments(parser):
    parser.add_argument("--set", required=True, help="folder made by training.prepare")
    parser.add_argument("--run", required=True, help="folder of checkpoints and log")
    parser.add_argument("--size", type=int, default=128, help="the input's edge, pixels")
    parser.add_argument("--margin", type=float, default=1.5,
                        help="the crop's edge against the landmarks' box")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--dropout", type=float, default=0.3, help="times the network's own")
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--grimaces", type=float, default=0.0,
                        help="share of faces whose mouths are pulled about")
    parser.add_argument("--gaps", type=float, default=0.0,
                        help="weight of how far eyes and mouth are open")
    parser.add_argument("--init", help="weight file to start from")
    parser.add_argument("--init-backbone", help="run whose backbone to start from; the head is new")
    parser.add_argument("--freeze", type=int, default=0,
                        help="number of first blocks that stay as they are, norms' statistics too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save-every", type=int, default=50)
    parser.add_argument("--check-every", type=int, default=400)


def rate_at(step, options):
    """Warm up for 100 steps, or a tenth of a short run; then half a cosine."""
    warm = min(1, (step + 1) / min(100, max(1, options.steps / 10)))
    fall = 0.5 * (1 + math.cos(math.pi * step / options.steps))
    return options.rate * warm * (0.01 + 0.99 * fall)


def optimiser_of(net, options):
    """Weight decay for the filters alone."""
    free = [p for p in net.parameters() if p.requires_grad]
    filters = [p for p in free if p.dim() > 1]
    others = [p for p in free if p.dim() <= 1]
    return torch.optim.AdamW([{"params": filters, "weight_decay": options.decay},
                              {"params": others, "weight_decay": 0.0}], lr=options.rate)


def scale_dropout(net, factor):
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout2d):
            module.p *= factor


def freeze(net, count):
    """The first blocks neither learn nor update their norms' statistics. Call again after
    net.train()."""
    for block in net.backbone.blocks[:count] if count > 0 else ():
        block.requires_grad_(False).eval()


class Run:
    """A network on its way; options are add_arguments'."""

    def __init__(self, options, net):
        os.makedirs(options.run, exist_ok=True)
        torch.set_num_threads(options.threads)
        # Softmaxes as sharp as the motion head's are full of numbers too small for
        # the processor to handle at speed.
        torch.set_flush_denormal(True)
        self.options, self.net = options, net.to(memory_format=torch.channels_last)
        if options.init:
            checkpoint.load_weights(net, options.init)
        if options.init_backbone:
            checkpoint.load_backbone(net, options.init_backbone)
        scale_dropout(net, options.dropout)
        freeze(net, options.freeze)
        self.average = checkpoint.Average(net, options.average)
        self.optimiser = optimiser_of(net, options)
        self.step = 0
        state = checkpoint.load(options.run)
        if state is not None:
            self.resume(state)

    def resume(self, state):
        self.net.load_state_dict(state["net"])
        self.average.state = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"])
        self.step = state["step"]

    def save(self):
        checkpoint.save(self.options.run, {
            "net": self.net.state_dict(), "average": self.average.state,
            "optimiser": self.optimiser.state_dict(), "random": torch.get_rng_state(),
            "step": self.step, "options": vars(self.options)})

    def learn(self, loss):
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.step, self.options)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.net, self.step)

    def train(self, faces, loss_of, check):
        """loss_of(images, target, is_face) -> loss, error to print;
        check(averaged state) -> {what: number} for the log."""
        options = self.options
        samples = Samples(faces, options.size, options.margin, options.steps * options.batch,
                          options.seed, self.step * options.batch, options.grimaces)
        # A generator of its own: the loader's start must not move dropout's.
        loader = torch.utils.data.DataLoader(samples, options.batch, num_workers=1,
                                             prefetch_factor=4, generator=torch.Generator())
        began, seen = time.time(), []
        self.net.train()
        freeze(self.net, options.freeze)
        for batch in loader:
            loss, error = loss_of(batch[0].contiguous(memory_format=torch.channels_last), *batch[1:])
            self.learn(loss)
            seen.append((float(loss), float(error)))
            if self.step % 20 == 0:
                print("step {} loss {:.4f} error {:.4f} rate {:.2e} {:.0f} s".format(
                    self.step, *np.mean(seen, 0), rate_at(self.step, options),
                    time.time() - began), flush=True)
                seen = []
            last = self.step == options.steps
            if self.step % options.check_every == 0 or last:
                entry = {"step": self.step, "images": self.step * options.batch,
                         "seconds": round(time.time() - began), **check(self.average.state)}
                checkpoint.log(options.run, entry)
                print(entry, flush=True)
            if self.step % options.save_every == 0 or last:
                self.save()
