"""Trains the expression network, which takes a closer look at a face whose landmarks are known.

    python3 -m training.expression_train --set SET --renders RENDERS --val RENDERS --run RUN
        --rig ../shared/dense/ict.npz --steps N [--landmarks models/face.safetensors]

SET: of training.prepare and face_prepare; RENDERS: of training.heads.make. The network is so small
that making samples would take most of the time; so --pool of them are made once, kept in RUN, and
drawn again and again. Run again with the same options, it goes on where it stopped; with other
--steps the rest of the schedule is stretched."""

import argparse
import glob
import json
import os
import time

import numpy as np
import torch

from . import checkpoint, loop
from .cache import key_of
from .expression_data import ExpressionSamples, cut, landmarks_of_faces, landmarks_of_renders
from .face_data import READ, Renders, Teacher
from .face_evaluate import clip_items
from .face_train import Agreement, aligned_columns, balance_of, expression_losses, mean_where, \
    labelled_by_hand, template_of
from .metrics import correlations
from .models import Model
from .nets.expression import ExpressionNet
from .samples import MEAN, FaceSet, tensor_of

PART = 2000  # samples of the pool in a file
POOLED = ("share", "size", "seed")  # options by which samples are made

# The looks that the teacher's shapes tell, as (shape, sign) of gaze's four numbers.
LOOKS = ((("eyeLookOutLeft", 1), ("eyeLookInLeft", -1)),
         (("eyeLookUpLeft", 1), ("eyeLookDownLeft", -1)),
         (("eyeLookInRight", 1), ("eyeLookOutRight", -1)),
         (("eyeLookUpRight", 1), ("eyeLookDownRight", -1)))


def looks_of(taught, names):
    return torch.stack([sum(sign * taught[:, names.index(name)] for name, sign in pair)
                        for pair in LOOKS], 1)


class GazeAgreement(torch.nn.Module):
    """Gaze, radians, to the teacher's looks."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor([2.0, 2.0]))
        self.shift = torch.nn.Parameter(torch.zeros(4))

    def forward(self, gaze, looks):
        scale = self.scale.clamp(0.8, 4).repeat(2)
        return ((gaze * scale + self.shift - looks) ** 2).mean(1)


def predict(net, images, landmarks):
    shapes, gaze, turn = [], [], []
    with torch.no_grad():
        for first in range(0, len(images), 32):
            batch = torch.stack([tensor_of(i) for i in images[first:first + 32]])
            marks = torch.from_numpy(np.float32(landmarks[first:first + 32]))
            s, g, t, _, _ = net(batch, marks)
            shapes.append(s.numpy()), gaze.append(g.numpy()), turn.append(t.numpy())
    return np.concatenate(shapes), np.concatenate(gaze), np.concatenate(turn)


class Check:
    """Renders of held-out people, and held-out clips."""

    def __init__(self, options, faces, teacher, model, template):
        self.val, self.teacher = Renders(options.val), teacher
        found = landmarks_of_renders(self.val, model, os.path.join(options.run, "val"))
        self.renders = [cut(self.val.image(i), found[i], template, options.size)[:2]
                        for i in range(len(self.val))]
        items = clip_items(faces, teacher)
        marks = landmarks_of_faces(faces, model, options.run)
        self.clips = [cut(faces.images[i], marks[i], template, options.size)[:2] for i in items]
        self.taught = teacher.shapes[items]
        self.clip = np.array([name.rsplit("_", 1)[0] for name in faces.names[items]])

    def clip_correlations(self, shapes, gaze, live):
        by_shape, looks = {}, looks_of(torch.from_numpy(self.taught), self.teacher.names).numpy()
        for clip in np.unique(self.clip):
            own = self.clip == clip
            for name in live:
                truth = self.taught[own, self.teacher.names.index(name)]
                if truth.std() > 0.04:  # it does something in this clip
                    r = correlations(shapes[own][:, READ.index(name)], truth)
                    by_shape.setdefault(name, []).append(float(r))
            for k, name in enumerate(("gaze yaw", "gaze pitch")):
                pair = gaze[own][:, [k, k + 2]].mean(1), looks[own][:, [k, k + 2]].mean(1)
                by_shape.setdefault(name, []).append(float(correlations(*pair)))
        return by_shape

    def __call__(self, options, state, live):
        net = ExpressionNet(options.size)
        net.load_state_dict(state)
        net.eval()
        shapes, gaze, _ = predict(net, *zip(*self.renders))
        lids = self.val.shapes[:, [READ.index("eyeBlinkLeft"), READ.index("eyeBlinkRight")]]
        off = np.abs(gaze.reshape(-1, 2, 2) - self.val.rows["gaze"]).mean(2)[lids < 0.5]
        rs = correlations(shapes, self.val.shapes)
        result = {"renders r": round(float(np.mean(rs)), 3),
                  "gaze": round(float(off.mean() * 57.3), 2),
                  "by shape": {n: round(float(r), 2) for n, r in zip(READ, rs)}}
        if self.clips:
            shapes, gaze, _ = predict(net, *zip(*self.clips))
            clips = self.clip_correlations(shapes, gaze, live)
            for name in ("gaze yaw", "gaze pitch"):
                result[name] = [round(r, 2) for r in clips.pop(name)]
            result["clips r"] = round(float(np.mean([r for v in clips.values() for r in v])), 3)
            result["by clip shape"] = {n: round(float(np.mean(v)), 2) for n, v in clips.items()}
        return result


class Run:
    def __init__(self, options):
        os.makedirs(options.run, exist_ok=True)
        torch.set_num_threads(options.threads)
        torch.set_flush_denormal(True)
        torch.manual_seed(options.seed)
        self.options, self.faces, self.teacher = options, FaceSet(options.set), Teacher(options.set)
        self.model = Model(options.landmarks)
        self.net = ExpressionNet(options.size).to(memory_format=torch.channels_last)
        self.template = template_of(self.frontal() if options.free else
                                    labelled_by_hand(self.faces))
        self.net.head.expression.template.copy_(self.template)
        self.net.head.expression.blind = options.blind
        self.agreement = torch.nn.Identity() if options.free else Agreement(self.teacher.names)
        self.gaze_agreement = GazeAgreement()
        if options.begin:
            begun = torch.load(options.begin, map_location="cpu")
            self.net.load_state_dict(begun["average"])
            for name in ("agreement", "gaze_agreement"):
                getattr(self, name).load_state_dict(begun[name])
        self.average = checkpoint.Average(self.net, options.average)
        self.optimiser = self.optimiser_of()
        self.step = 0
        state = checkpoint.load(options.run)
        if state is not None:
            for name in ("net", "agreement", "gaze_agreement", "optimiser"):
                getattr(self, name).load_state_dict(state[name])
            self.average.state, self.step = state["average"], state["step"]
            torch.set_rng_state(state["random"])
        self.check = Check(options, self.faces, self.teacher, self.model, self.template.numpy())

    def frontal(self):
        """Landmarks of renders whose heads are hardly turned."""
        rows = Renders(self.options.renders).rows
        ahead = (np.abs(rows["angles"]) < 12).all(1)
        return rows["landmarks"][ahead, :, :2].astype(float)

    def optimiser_of(self):
        learnt = [*self.net.parameters(), *self.agreement.parameters(),
                  *self.gaze_agreement.parameters()]
        return torch.optim.AdamW(
            [{"params": [p for p in learnt if p.dim() > 1], "weight_decay": self.options.decay},
             {"params": [p for p in learnt if p.dim() <= 1], "weight_decay": 0.0}])

    def save(self):
        names = ("net", "agreement", "gaze_agreement", "optimiser")
        checkpoint.save(self.options.run, {
            **{name: getattr(self, name).state_dict() for name in names},
            "average": self.average.state, "random": torch.get_rng_state(), "step": self.step,
            "options": vars(self.options)})

    def learn(self, batch, balance):
        options = self.options
        images = batch["image"].contiguous(memory_format=torch.channels_last)
        *outputs, similarity = self.net(images, batch["landmarks"])
        parts = expression_losses(options, outputs, aligned_columns(batch["turn"], similarity),
                                  batch, self.agreement, balance)
        if not options.free:
            looks = looks_of(batch["taught"], self.teacher.names)
            parts["looks"] = options.looks * mean_where(
                self.gaze_agreement(outputs[1], looks), batch["teacher"])
        for group in self.optimiser.param_groups:
            group["lr"] = loop.rate_at(self.step, options)
        self.optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.net, self.step)
        return {name: float(value) for name, value in parts.items()}

    def batches(self, pool):
        """Samples of the pool at random, their light and noise drawn anew."""
        count = len(pool["image"])
        while self.step < self.options.steps:
            chosen = torch.randint(count, (self.options.batch,))
            batch = {name: values[chosen].float() for name, values in pool.items()}
            shape = (self.options.batch, 1, 1, 1)
            image = batch["image"] / 255 - MEAN
            image = image * torch.exp(0.15 * torch.randn(shape)) + 0.03 * torch.randn(shape)
            batch["image"] = image + 0.02 * torch.rand(shape) * torch.randn(image.shape)
            yield batch

    def train(self):
        options = self.options
        renders = Renders(options.renders, options.rig)
        pool, balance = self.pool(renders), balance_of(renders)
        live = [] if options.free else [READ[k] for k in self.agreement.own]
        began, seen = time.time(), []
        self.net.train()
        for batch in self.batches(pool):
            seen.append(self.learn(batch, balance))
            if self.step % 100 == 0:
                means = {k: round(float(np.mean([s[k] for s in seen])), 3) for k in seen[0]}
                print(f"step {self.step} {time.time() - began:.0f} s {means}", flush=True)
                seen = []
            last = self.step == options.steps
            if self.step % options.check_every == 0 or last:  # before saving: it draws numbers
                entry = {"step": self.step, **self.check(options, self.average.state, live)}
                checkpoint.log(options.run, entry)
                print(entry, flush=True)
            if self.step % options.save_every == 0 or last:
                self.save()

    def check_pool(self, folder, found):
        """Samples are kept: they must be those that the options ask for, of the same landmarks."""
        wanted = {name: getattr(self.options, name) for name in POOLED}
        wanted["found"] = key_of(*found)
        path = os.path.join(folder, "options.json")
        if not os.path.exists(path):
            with open(path, "w") as file:
                json.dump(wanted, file)
        with open(path) as file:
            made = json.load(file)
        if made != wanted:
            raise SystemExit(f"{folder}: was made with {made}, not {wanted}: use another --run")

    def pool(self, renders):
        """Makes the parts that are missing; -> all of them, a tensor for each name."""
        options, folder = self.options, os.path.join(self.options.run, "pool")
        os.makedirs(folder, exist_ok=True)
        found = (landmarks_of_faces(self.faces, self.model, options.run),
                 landmarks_of_renders(renders, self.model, os.path.join(options.run, "renders")))
        self.check_pool(folder, found)
        size = min(PART, options.pool)
        for part in range(-(-options.pool // size)):
            path = os.path.join(folder, f"{part:04}.npz")
            if os.path.exists(path):
                continue
            samples = ExpressionSamples(self.faces, self.teacher, renders, found,
                                        self.template.numpy(), (part + 1) * size, options,
                                        part * size)
            loader = torch.utils.data.DataLoader(samples, 50, num_workers=options.threads_of_pool)
            rows = {}
            for batch in loader:
                batch["image"] = ((batch["image"] + MEAN) * 255).round().byte()
                for name, values in batch.items():
                    rows.setdefault(name, []).append(values.numpy())
            with open(path + ".new", "wb") as file:
                np.savez(file, **{name: np.concatenate(parts) for name, parts in rows.items()})
            os.replace(path + ".new", path)
            print(path, flush=True)
        parts = [np.load(path) for path in sorted(glob.glob(os.path.join(folder, "*.npz")))]
        return {name: torch.from_numpy(np.concatenate([part[name] for part in parts]))
                for name in parts[0].files}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", required=True, help="of training.prepare, face_prepare")
    parser.add_argument("--renders", required=True, help="folder of training.heads.make")
    parser.add_argument("--val", required=True, help="renders of other people")
    parser.add_argument("--rig", required=True, help="ICT-FaceKit's arrays, ict.npz")
    parser.add_argument("--run", required=True, help="folder of checkpoints and log")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--landmarks", default="models/face.safetensors",
                        help="weight file of the landmark network")
    parser.add_argument("--free", action="store_true",
                        help="from renders alone, a set of training.free_prepare; --share 1")
    parser.add_argument("--begin", help="checkpoint of such a run to start from")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--pool", type=int, default=60000, help="samples")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=5e-3)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--share", type=float, default=0.7, help="of renders")
    parser.add_argument("--shapes", type=float, default=150.0, help="weight")
    parser.add_argument("--bind", type=float, default=15.0, help="weight of the teacher's shapes")
    parser.add_argument("--looks", type=float, default=1.0, help="weight of the teacher's looks")
    parser.add_argument("--quiet", type=float, default=8.0, help="weight of what is hardly done")
    parser.add_argument("--blind", type=float, default=0.1,
                        help="share of faces of which only landmarks are seen")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--threads-of-pool", type=int, default=2)
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--check-every", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    Run(arguments()).train()
