"""Trains the expression head alone, on cached features.

    python3 -m training.face_polish --set SET --renders RENDERS --run RUN --out RUN2

The head is small and benefits from many more samples than the full network could process: the features
of --samples images are cached in RUN2 (in parts, so that it goes on when stopped), and it learns from
them. RUN2's checkpoint is RUN's with another expression head."""

import argparse
import math
import os

import numpy as np
import torch

from . import checkpoint
from .cache import key_of
from .face_data import FaceSamples, Renders, Teacher
from .face_train import Agreement, aligned_columns, balance_of, expression_losses
from .metrics import correlations
from .nets.face import FaceNet
from .samples import FaceSet

KEPT = ("shapes", "gaze", "taught", "render", "teacher", "is_real")
SAMPLED = ("size", "margin", "grimaces", "teacher_dense", "share", "seed", "free", "ensemble",
           "moustaches")  # options by which samples are made
PART = 2000  # images


def keep(options, net, renders):
    """Writes the parts that are missing; -> the paths of all."""
    key = key_of(os.path.join(options.run, "checkpoint.pt"), *FaceSet(options.set).sources(),
                 os.path.join(options.set, "teacher.npz"), *renders.parts,
                 [getattr(options, name) for name in SAMPLED])
    paths = [os.path.join(options.out, f"kept-{key}-{part:03}.npz")
             for part in range(-(-options.samples // PART))]
    for part, path in enumerate(paths):
        if os.path.exists(path):
            continue
        samples = FaceSamples(options.set, renders, (part + 1) * PART, options, part * PART)
        loader = torch.utils.data.DataLoader(samples, 25, num_workers=1, prefetch_factor=4)
        rows = {}
        for batch in loader:
            images = batch["image"].contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                points, _, _, features, pooled = net.see(images)
                inputs, similarity = net.head.expression.look_at(points, features, pooled)
                rows.setdefault("inputs", []).append(inputs.half())
                rows.setdefault("columns", []).append(aligned_columns(batch["turn"], similarity))
            for name in KEPT:
                rows.setdefault(name, []).append(batch[name])
        with open(path + ".new", "wb") as file:
            np.savez(file, **{name: torch.cat(parts).numpy() for name, parts in rows.items()})
        os.replace(path + ".new", path)
        print(path, flush=True)
    return paths


def read_kept(paths):
    parts = [np.load(path) for path in paths]
    return {name: torch.from_numpy(np.concatenate([p[name] for p in parts]))
            for name in parts[0].files}


def polish(options, head, agreement, kept, balance):
    count = len(kept["inputs"])
    order = torch.randperm(count)
    aside, train = order[:count // 12], order[count // 12:]  # of the same people
    weights = [*head.parameters(), *agreement.parameters()]
    optimiser = torch.optim.AdamW(weights, options.rate, weight_decay=options.decay)
    for step in range(options.steps):
        for group in optimiser.param_groups:
            group["lr"] = options.rate * (0.01 + 0.495 * (1 + math.cos(math.pi * step /
                                                                        options.steps)))
        chosen = train[torch.randint(len(train), (options.batch,))]
        batch = {name: values[chosen].float() for name, values in kept.items()}
        parts = expression_losses(options, head.read(batch["inputs"]), batch["columns"], batch,
                                  agreement, balance)
        optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        optimiser.step()
        if step % 250 == 0 or step == options.steps - 1:
            head.eval()
            with torch.no_grad():
                shapes, gaze, _, _ = head.read(kept["inputs"][aside].float())
            head.train()
            known = kept["render"][aside] > 0
            r = correlations(shapes[known], kept["shapes"][aside][known])
            off = (gaze - kept["gaze"][aside])[known].abs().mean() * 57.3
            print(f"step {step} samples set aside: shapes r {r.mean():.3f}, gaze {off:.2f} degrees, "
                  f"{ {k: round(float(v), 3) for k, v in parts.items()} }", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--set", "--renders", "--run", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--samples", type=int, default=24000)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--decay", type=float, default=0.02)
    parser.add_argument("--drop", type=float, default=0.2)
    parser.add_argument("--fresh", action="store_true", help="the head begins anew")
    parser.set_defaults(free=False, ensemble=0.0, moustaches=0.0)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    for name, value in (("share", 0.65), ("shapes", 40.0), ("bind", 5.0), ("quiet", 1.0),
                        ("blind", 0.25)):
        parser.add_argument(f"--{name}", type=float, default=value, help="as face_train's")
    return parser.parse_args()


def main():
    options = arguments()
    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    state = checkpoint.load(options.run)
    if state is None:
        raise SystemExit(f"{options.run}: has no checkpoint")
    for name in ("size", "margin", "grimaces", "teacher_dense"):
        setattr(options, name, state["options"][name])
    net = FaceNet()
    net.load_state_dict(state["average"])
    renders = Renders(options.renders)
    paths = keep(options, net.eval(), renders)
    head = net.head.expression
    if options.fresh:
        template = head.template.clone()
        head = net.head.expression = type(head)()
        head.template.copy_(template)
        head.look.load_state_dict({"weight": state["average"]["head.expression.look.weight"],
                                   "bias": state["average"]["head.expression.look.bias"]})
    head.train()
    head.blind, head.drop.p = options.blind, options.drop
    agreement = Agreement(Teacher(options.set).names)
    agreement.load_state_dict(state["agreement"])
    polish(options, head, agreement, read_kept(paths), balance_of(renders))
    checkpoint.save(options.out, {**state, "net": net.state_dict(), "average": net.state_dict(),
                                  "agreement": agreement.state_dict()})


if __name__ == "__main__":
    main()
