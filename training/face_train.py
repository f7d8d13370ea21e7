"""Trains the network of the whole face on real crops and renders together.

    python3 -m training.face_train --set SET --renders RENDERS --run RUN --steps N
        [--init models/face68.safetensors | --weights FILE | --begin CHECKPOINT]

Run again with the same options, it goes on where it stopped; with other --steps the rest of the
schedule is stretched. Renders that have come since are taken in at every --refresh steps."""

import argparse
import os
import time

import numpy as np
import torch

from . import checkpoint, face_export, losses, metrics, nets
from .face_data import IRIS, READ, FaceSamples, Renders, Teacher
from .loop import freeze, rate_at, scale_dropout
from .nets.face import LANDMARKS, FaceNet, spin
from .samples import FaceSet

# The teacher's shapes that answer, and that mean what the rig's mean: up to scale and shift both
# outputs should agree on real faces.
LIVE = [name for name in READ if name.startswith((
    "jawOpen", "mouthPucker", "mouthFunnel", "mouthLeft", "mouthRight", "mouthRoll", "mouthShrug",
    "eyeBlink", "eyeSquint", "eyeWide", "browDown", "browOuterUp", "browInnerUp", "mouthSmile",
    "mouthFrown", "mouthUpperUp", "mouthLowerDown", "mouthStretch", "mouthPress"))]
# What people in photographs hardly do, and the teacher does not see.
QUIET = [READ.index(name) for name in ("cheekPuff", "jawForward", "jawLeft", "jawRight",
                                       "noseSneerLeft", "noseSneerRight", "tongueOut")]


class Agreement(torch.nn.Module):
    """The shapes head's value to the teacher's, for the live shapes."""

    def __init__(self, taught_names):
        super().__init__()
        self.own = [READ.index(name) for name in LIVE]
        self.taught = [taught_names.index(name) for name in LIVE]
        self.scale = torch.nn.Parameter(torch.full((len(LIVE),), 0.7))
        self.shift = torch.nn.Parameter(torch.zeros(len(LIVE)))

    def forward(self, shapes, taught):
        guess = shapes[:, self.own] * self.scale.clamp(0.3, 1.5) + self.shift
        return ((guess - taught[:, self.taught]) ** 2).mean(1)


def mean_where(values, share):
    """The mean over the batch's faces for which something is known."""
    return (values * share).sum() / share.sum().clamp(min=1)


def point_losses(options, points, variance, maps, batch):
    """Landmarks and dense points, each of its own weight; -> losses, distances, weights."""
    distance = torch.linalg.norm(points - batch["points"], dim=-1)
    counted = torch.cat([losses.landmark_errors(points[:, :LANDMARKS], batch["points"][:, :LANDMARKS]),
                         distance[:, LANDMARKS:]], 1)
    inside = ((batch["points"] > -0.02) & (batch["points"] < 1.02)).all(-1)
    weight = batch["weights"] * inside
    place = 10 * losses.wing(counted / losses.CROP_TO_EYES)
    spread = 0.1 * losses.laplace_nll(distance * maps.shape[-1], variance)
    parts = {}
    for name, these, factor in (("landmarks", slice(0, LANDMARKS), 1.0),
                                ("dense", slice(LANDMARKS, None), options.dense)):
        w = weight[:, these]
        parts[name] = factor * ((place + spread)[:, these] * w).sum() / w.sum().clamp(min=1)
    gaps = losses.gap_loss(points[:, :LANDMARKS], batch["points"][:, :LANDMARKS])
    parts["gaps"] = options.gaps * mean_where(
        gaps, batch["render" if options.free else "is_real"])
    none = batch["is_face"] < 0.5
    if none.any():
        parts["none"] = 0.02 * losses.uniform_loss(maps[none])
    return parts, distance, weight


def aligned_columns(turn, similarity):
    """The truth of the turn as the expression head gives it."""
    back = spin([s.detach() for s in similarity], -1) @ turn
    return torch.cat([back[:, :, 0], back[:, :, 1]], 1)


def expression_losses(options, outputs, columns, batch, agreement, balance):
    shapes, gaze, turn, taught = outputs
    # Squared: the median of a shape is rest, and an absolute error would learn just that.
    error = ((shapes - batch["shapes"]) ** 2 * balance).mean(1)
    parts = {"shapes": options.shapes * mean_where(error, batch["render"])}
    blink = [READ.index("eyeBlinkLeft"), READ.index("eyeBlinkRight")]
    lids_open = (1 - batch["shapes"][:, blink]).clamp(0, 1).repeat_interleave(2, 1)
    parts["gaze"] = 4 * mean_where(((gaze - batch["gaze"]).abs() * lids_open).mean(1),
                                   batch["render"])
    parts["turn"] = 2 * mean_where((turn - columns).abs().mean(1), batch["render"])
    if options.free:
        return parts
    parts["teacher"] = 12 * mean_where(((taught - batch["taught"]) ** 2).mean(1), batch["teacher"])
    parts["bind"] = options.bind * mean_where(agreement(shapes, batch["taught"]),
                                              batch["teacher"])
    parts["quiet"] = options.quiet * mean_where((shapes[:, QUIET] ** 2).mean(1), batch["is_real"])
    return parts


def balance_of(renders):
    """Weights that make every shape's spread count alike, within bounds."""
    spread = renders.shapes.var(0)
    weight = np.clip(spread.mean() / (spread + 1e-6), 0.3, 3)
    return torch.from_numpy(np.float32(weight))


def template_of(points):
    """The mean of aligned faces (their landmarks), at the origin, its mean square one."""
    shapes = points - points.mean(1, keepdims=True)
    shapes /= np.sqrt((shapes ** 2).sum(-1).mean(1))[:, None, None]
    mean = shapes[0]
    for _ in range(5):
        z, m = shapes[..., 0] + 1j * shapes[..., 1], mean[:, 0] + 1j * mean[:, 1]
        turn = (z * m.conj()).mean(1)
        mean = np.mean(z / (turn / np.abs(turn))[:, None], 0)
        mean = np.stack([mean.real, mean.imag], 1)
        mean /= np.sqrt((mean ** 2).sum(-1).mean())
    return torch.from_numpy(np.float32(mean))


def labelled_by_hand(faces):
    return faces.points[np.concatenate([faces.choose("train", o) for o in ("helen_train", "afw")])]


def begin_from_landmarks(net, path):
    """Backbone and landmarks of a landmark network; the rig's landmarks begin as its."""
    plain = nets.landmark_net("lednet")
    checkpoint.load_weights(plain, path)
    net.backbone.load_state_dict(plain.backbone.state_dict())
    with torch.no_grad():
        net.head.kp.weight[:LANDMARKS] = plain.head.kp.weight
        net.head.kp.bias[:LANDMARKS] = plain.head.kp.bias
        net.head.kp.weight[LANDMARKS:2 * LANDMARKS] = plain.head.kp.weight
        net.head.kp.bias[LANDMARKS:2 * LANDMARKS] = plain.head.kp.bias


def optimiser_of(net, agreement, options):
    """What comes from an earlier training learns more slowly than what is new."""
    groups = {}
    for name, parameter in [*net.named_parameters(), *agreement.named_parameters()]:
        if parameter.requires_grad:
            old = name.startswith(("backbone.", "head.kp."))
            groups.setdefault((old, parameter.dim() > 1), []).append(parameter)
    return torch.optim.AdamW([{"params": members, "factor": options.old_rate if old else 1.0,
                               "weight_decay": options.decay if filters else 0.0}
                              for (old, filters), members in groups.items()], lr=options.rate)


def check(options, faces, state):
    """Mean landmark errors on validation faces, percent of the eyes' distance."""
    net = FaceNet(options.expression)
    net.load_state_dict(state)
    net.eval()
    wrapped = lambda images: tuple(t[:, :LANDMARKS] for t in net(images)[:3])
    result = {}
    for origin, most in (("helen_train", 70), ("p1", 100)):
        items = faces.choose("val", origin)[:most]
        if len(items) > 0:
            errors = metrics.errors_of(wrapped, faces, items, options.size, options.margin)
            result[origin] = round(float(np.mean(errors)) * 100, 3)
    return result


class Run:
    def __init__(self, options):
        os.makedirs(options.run, exist_ok=True)
        torch.set_num_threads(options.threads)
        torch.set_flush_denormal(True)
        torch.manual_seed(options.seed)
        self.options, self.faces = options, FaceSet(options.set)
        self.net = FaceNet(options.expression).to(memory_format=torch.channels_last)
        if options.expression:
            self.net.head.expression.template.copy_(template_of(labelled_by_hand(self.faces)))
            self.net.head.expression.blind = options.blind
        names = Teacher(options.set).names
        self.agreement = Agreement(names) if names else torch.nn.Identity()
        if options.init:
            begin_from_landmarks(self.net, options.init)
        if options.weights:
            self.net.load_state_dict(face_export.load(options.weights)[0].state_dict(),
                                     strict=options.expression)
        if options.begin:
            self.net.load_state_dict(torch.load(options.begin, map_location="cpu")["average"],
                                     strict=False)
        self.net.short = options.bf16
        scale_dropout(self.net, options.dropout)
        freeze(self.net, options.freeze)
        self.average = checkpoint.Average(self.net, options.average)
        self.optimiser = optimiser_of(self.net, self.agreement, options)
        self.step = 0
        state = checkpoint.load(options.run)
        if state is not None:
            self.net.load_state_dict(state["net"])
            self.agreement.load_state_dict(state["agreement"])
            self.average.state = state["average"]
            self.optimiser.load_state_dict(state["optimiser"])
            torch.set_rng_state(state["random"])
            self.step = state["step"]

    def save(self):
        checkpoint.save(self.options.run, {
            "net": self.net.state_dict(), "average": self.average.state,
            "agreement": self.agreement.state_dict(), "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(), "step": self.step, "options": vars(self.options)})

    def still(self):
        """Norms of the backbone keep the statistics with which they came: renders and crops
        differ too much for batches of both."""
        self.net.train()
        for module in self.net.backbone.modules() if not self.options.free else ():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
        freeze(self.net, self.options.freeze)

    def learn(self, batch, balance):
        options = self.options
        images = batch["image"].contiguous(memory_format=torch.channels_last)
        points, variance, maps, *more = self.net(images)
        parts, distance, weight = point_losses(options, points, variance, maps, batch)
        if options.expression:
            *outputs, similarity = more[0]
            columns = aligned_columns(batch["turn"], similarity)
            parts.update(expression_losses(options, outputs, columns, batch, self.agreement,
                                           balance))
        for group in self.optimiser.param_groups:
            group["lr"] = group["factor"] * rate_at(self.step, options)
        self.optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.net, self.step)
        entry = {name: float(value) for name, value in parts.items()}
        percent = 100 / losses.CROP_TO_EYES
        with torch.no_grad():
            real = weight[:, :LANDMARKS] * batch["render" if options.free else "is_real"][:, None]
            known = weight[:, LANDMARKS:] * batch["render"][:, None]
            iris = known[:, -10:]
            for name, d, w in (("%68", distance[:, :LANDMARKS], real),
                               ("%dense", distance[:, LANDMARKS:], known),
                               ("%iris", distance[:, IRIS], iris)):
                entry[name] = percent * float((d * w).sum() / w.sum().clamp(min=1))
        return entry

    def segment(self, until):
        """Steps with the renders that are there now."""
        options = self.options
        renders = Renders(options.renders, options.rig)
        balance = balance_of(renders)
        samples = FaceSamples(options.set, renders, until * options.batch, options,
                              self.step * options.batch)
        loader = torch.utils.data.DataLoader(samples, options.batch, num_workers=1,
                                             prefetch_factor=4, generator=torch.Generator())
        print(f"{len(renders)} renders", flush=True)
        began, seen = time.time(), []
        self.still()
        for batch in loader:
            seen.append(self.learn(batch, balance))
            if self.step % 25 == 0:
                means = {k: round(float(np.mean([s.get(k, 0) for s in seen])), 3) for k in seen[0]}
                print(f"step {self.step} {time.time() - began:.0f} s {means}", flush=True)
                seen = []
            last = self.step == options.steps
            if self.step % options.check_every == 0 or last:  # before saving: it draws numbers
                entry = {"step": self.step, **check(options, self.faces, self.average.state)}
                checkpoint.log(options.run, entry)
                print(entry, flush=True)
            if self.step % options.save_every == 0 or last:
                self.save()

    def train(self):
        while self.step < self.options.steps:
            later = (self.step // self.options.refresh + 1) * self.options.refresh
            self.segment(min(self.options.steps, later))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", required=True, help="of training.prepare, face_prepare")
    parser.add_argument("--renders", required=True, help="folder of training.heads.make")
    parser.add_argument("--rig", help="ICT-FaceKit's arrays, ict.npz: for the turn")
    parser.add_argument("--run", required=True, help="folder of checkpoints and log")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--init", help="landmark weight file to start from")
    parser.add_argument("--weights", help="weight file of such a network to start from")
    parser.add_argument("--begin", help="checkpoint of such a run to start from")
    parser.add_argument("--points", dest="expression", action="store_false",
                        help="points alone, no expression head")
    parser.add_argument("--free", action="store_true",
                        help="from renders alone, from scratch: all 68 landmarks are the rig's")
    parser.add_argument("--bf16", action="store_true",
                        help="the backbone in bfloat16: twice as fast with AVX512-BF16")
    parser.add_argument("--ensemble", type=float, default=0.0,
                        help="share of training.ensemble's landmarks in the labels")
    parser.add_argument("--moustaches", type=float, default=0.0, help="share of real faces")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--margin", type=float, default=1.5)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--old-rate", type=float, default=0.4,
                        help="times the rate, for the backbone and the coarse heat maps")
    parser.add_argument("--decay", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.2, help="times the network's own")
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--share", type=float, default=0.6, help="of renders")
    parser.add_argument("--grimaces", type=float, default=0.2)
    parser.add_argument("--gaps", type=float, default=0.5)
    parser.add_argument("--dense", type=float, default=2.5, help="weight of dense points")
    parser.add_argument("--teacher-dense", type=float, default=0.25,
                        help="weight of the teacher's dense points on real faces")
    parser.add_argument("--shapes", type=float, default=30.0)
    parser.add_argument("--bind", type=float, default=5.0)
    parser.add_argument("--quiet", type=float, default=1.0)
    parser.add_argument("--freeze", type=int, default=0,
                        help="number of first blocks that stay as they are")
    parser.add_argument("--blind", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=50)
    parser.add_argument("--check-every", type=int, default=500)
    parser.add_argument("--refresh", type=int, default=500)
    return parser.parse_args()


if __name__ == "__main__":
    Run(arguments()).train()
