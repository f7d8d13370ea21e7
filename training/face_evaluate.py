"""How good a network of the whole face is, as the tables of its page.

    python3 -m training.face_evaluate --model FILE --set SET --val RENDERS [--single RENDERS]
        [--landmarks models/face68.safetensors] [--page models/FILE.md]

SET: of training.prepare and face_prepare; only its validation images and the held-out clips are
looked at. --val: renders of held-out people, --single: one shape at a time. --landmarks: another
landmark model beside it."""

import argparse

import numpy as np
import torch

from . import augment, metrics, report
from .face_data import READ, Renders, Teacher, render_view
from .face_export import load
from .face_train import LIVE
from .models import Model
from .nets.face import DENSE, LANDMARKS, turn_matrix
from .samples import FaceSet, tensor_of, view

SIZE, MARGIN = 128, 1.5
YAWS = ((0, 15), (15, 30), (30, 50), (50, 80))
ALIKE = slice(17, 68)  # of the rig's landmarks all but the jaw, which a head's own side hides
IRISES = slice(DENSE - 10, DENSE)


def predict(net, pictures):
    """Images (RGB bytes) -> dict of arrays."""
    rows = {}
    with torch.no_grad():
        for first in range(0, len(pictures), 24):
            batch = torch.stack([tensor_of(p) for p in pictures[first:first + 24]])
            points, _, _, *more = net(batch)
            values = {"landmarks": points[:, :LANDMARKS], "dense": points[:, LANDMARKS:]}
            if more:
                shapes, gaze, turn, _, similarity = more[0]
                values.update(shapes=shapes, gaze=gaze.view(-1, 2, 2),
                              turn=turn_matrix(turn, similarity))
            for name, value in values.items():
                rows.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1]) if min(np.std(a), np.std(b)) > 1e-4 else np.nan


def direction(gaze):
    yaw, pitch = gaze[..., 0], gaze[..., 1]
    return np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], -1)


def angle_between(a, b):
    return np.degrees(np.arccos(np.clip((a * b).sum(-1), -1, 1)))


class Answers:
    """What a model found in renders (found: shapes, gaze, turn), and the truth."""

    def __init__(self, renders, found, turn):
        self.renders, self.found, self.turn = renders, found, turn
        self.seen = renders.rows["dense"][..., 2] > 0
        self.shapes, self.gaze = renders.shapes, renders.rows["gaze"]

    def gaze_errors(self):
        return angle_between(direction(self.found["gaze"]), direction(self.gaze))

    def open_eyes(self):
        lids = [READ.index("eyeBlinkLeft"), READ.index("eyeBlinkRight")]
        return (self.shapes[:, lids] < 0.5) & self.seen[:, [DENSE - 5, DENSE - 10]]

    def angles(self, turns):
        ahead = turns[..., 2]
        return np.degrees(np.stack([np.arctan2(ahead[:, 0], ahead[:, 2]),
                                    np.arcsin(np.clip(ahead[:, 1], -1, 1))], 1))

    def shape_correlations(self, chosen=slice(None)):
        return np.array([correlation(self.found["shapes"][chosen, k], self.shapes[chosen, k])
                         for k in range(len(READ))])

    def by_yaw(self):
        """-> title of the range, its renders, cells of gaze, turn and shapes where a network
        reads them."""
        yaw = np.abs(self.renders.rows["angles"][:, 0])
        if "shapes" not in self.found:
            for low, high in (*YAWS, (0, 81)):
                yield f"{low}-{min(high, 80)}°", (yaw >= low) & (yaw < high), []
            return
        off = np.abs(self.angles(self.found["turn"]) - self.angles(self.turn))
        gaze, eyes_open = self.gaze_errors(), self.open_eyes()
        for low, high in (*YAWS, (0, 81)):
            chosen = (yaw >= low) & (yaw < high)
            yield f"{low}-{min(high, 80)}°", chosen, [
                f"{gaze[chosen][eyes_open[chosen]].mean():.1f}°",
                f"{off[chosen, 0].mean():.1f}° / {off[chosen, 1].mean():.1f}°",
                f"{np.nanmean(self.shape_correlations(chosen)):.2f}"]


class RenderRun(Answers):
    """A model's answers to renders, each seen by its face's own square."""

    def __init__(self, net, renders, mirror):
        views = []
        for i in range(len(renders)):
            centre, edge = augment.box_of(renders.rows["landmarks"][i, :, :2].astype(float))
            views.append(render_view(renders, i, {"centre": centre, "side": MARGIN * edge}, SIZE,
                                     mirror))
        super().__init__(renders, predict(net, [v[0] for v in views]),
                         np.array([v[5] for v in views]))
        self.dense = np.array([v[1][LANDMARKS:] for v in views])
        # The eyes' distance as a head of this size shows it from the front.
        spread = self.dense[:, :LANDMARKS] - self.dense[:, :LANDMARKS].mean(1, keepdims=True)
        self.scale = 1.45 * np.linalg.norm(spread, axis=-1).mean(1)
        self.errors = np.linalg.norm(self.found["dense"] - self.dense, axis=-1) / \
            self.scale[:, None]


def yaw_rows(run, groups):
    for title, chosen, cells in run.by_yaw():
        mean = lambda part: run.errors[chosen, part][run.seen[chosen, part]].mean() * 100
        yield [title, int(chosen.sum()), f"{mean(ALIKE):.1f}",
               *(f"{mean(slice(first, first + count)):.1f}" for first, count in groups.values()),
               *cells]


def yaw_table(run, groups):
    head = ["yaw", "images", "rig's landmarks", *groups]
    if "shapes" in run.found:
        head += ["gaze", "yaw / pitch", "shapes, r"]
    return report.table(head, yaw_rows(run, groups))


def single_cases(run):
    """-> case names, changes against the same person's neutral face: people x cases x shapes."""
    rows = run.renders.rows
    names = [n for n in dict.fromkeys(rows["case"]) if not n.startswith("gaze")]
    people = np.unique(rows["person"])
    at = {(p, c): i for i, (p, c) in enumerate(zip(rows["person"], rows["case"]))}
    shapes = run.found["shapes"]
    change = np.array([[shapes[at[p, c]] - shapes[at[p, "neutral"]] for c in names]
                       for p in people])
    return names, change


def shape_table(run, single):
    """Each shape: correlation over the mixed renders; alone at full strength its own channel and
    the largest other one."""
    names, change = single_cases(single)
    mean, r = change.mean(0), run.shape_correlations()
    rows = []
    for case in names[1:]:
        own = [k for k, name in enumerate(READ) if name in (case, case + "Left", case + "Right")]
        if not own:
            continue
        allowed = own + ([READ.index("jawOpen")] if case in ("mouthClose", "tongueOut") else [])
        other = np.abs(np.delete(mean[names.index(case)], allowed))
        place = np.delete(np.arange(len(READ)), allowed)[other.argmax()]
        rows.append([case, np.nanmean(r[own]), mean[names.index(case), own].mean(),
                     f"{READ[place]} {other.max():.2f}"])
    rows.sort(key=lambda row: -row[2])
    return report.table(["shape", "r", "alone: itself", "alone: largest other"],
                        [[n, f"{a:.2f}", f"{b:.2f}", c] for n, a, b, c in rows])


def gaze_line(single):
    rows = single.renders.rows
    looks = np.array([c.startswith("gaze") for c in rows["case"]])
    crossed = rows["case"] == "gaze crossed"
    error = single.gaze_errors()
    toe_in = np.degrees(single.found["gaze"][crossed][:, 1, 0] -
                        single.found["gaze"][crossed][:, 0, 0]).mean()
    return (f"Looks one at a time: {error[looks & ~crossed].mean():.1f}° off in the mean. Eyes "
            f"crossed by 40° are read as crossed by {toe_in:.0f}°.")


def landmark_table(net, faces, other):
    rows = []
    wrapped = lambda images: tuple(t[:, :LANDMARKS] for t in net(images)[:3])
    for title, model in (("**this model**", wrapped), *other):
        cells = []
        for origin in ("helen_train", "p1"):
            errors = metrics.errors_of(model, faces, faces.choose("val", origin), SIZE, MARGIN)
            cells.append(f"{errors.mean() * 100:.2f}")
        rows.append([title, *cells])
    return report.table(["68 landmarks", "HELEN", "P1"], rows)


def clip_items(faces, teacher):
    items = faces.choose("val", "clip")
    return items[np.isfinite(teacher.shapes[items]).all(1)]


def clip_rows(found, items, faces, teacher):
    """found: shapes and gaze in the images of clip_items"""
    clips = np.array([name.rsplit("_", 1)[0] for name in faces.names[items]])
    taught = teacher.shapes[items]
    value = lambda name: taught[:, teacher.names.index(name)]
    looks = {"yaw": (value("eyeLookOutLeft") - value("eyeLookInLeft") + value("eyeLookInRight") -
                     value("eyeLookOutRight")) / 2,
             "pitch": (value("eyeLookUpLeft") - value("eyeLookDownLeft") +
                       value("eyeLookUpRight") - value("eyeLookDownRight")) / 2}
    gaze, by_shape = found["gaze"].mean(1), {}
    for clip in np.unique(clips):
        own, rs = clips == clip, []
        for name in LIVE:
            truth = value(name)[own]
            if truth.std() > 0.04:  # it does something in this clip
                rs.append(correlation(found["shapes"][own, READ.index(name)], truth))
                by_shape.setdefault(name, []).append(rs[-1])
        yield [clip, int(own.sum()), len(rs), f"{np.nanmean(rs):.2f}" if rs else "",
               f"{correlation(gaze[own, 0], looks['yaw'][own]):.2f}",
               f"{correlation(gaze[own, 1], looks['pitch'][own]):.2f}"]
    every = [r for rs in by_shape.values() for r in rs]
    yield ["**all**", len(items), len(every), f"**{np.nanmean(every):.2f}**", "", ""]
    best = sorted(by_shape, key=lambda name: -np.nanmean(by_shape[name]))
    yield ["", "", "", ", ".join(f"{n} {np.nanmean(by_shape[n]):.2f}" for n in best), "", ""]


def clip_tables(found, items, faces, teacher):
    *rows, by_shape = clip_rows(found, items, faces, teacher)
    yield report.table(["clip", "frames", "shapes that move", "r", "gaze yaw, r", "gaze pitch, r"],
                       rows)
    yield f"By shape: {by_shape[3]}."


def photographs(faces):
    return np.concatenate([faces.choose("val", o) for o in ("helen_train", "p1")])


def quiet_line(shapes):
    """What says little on photographs should say little."""
    parts = []
    for name in ("cheekPuff", "noseSneerLeft", "jawLeft", "jawRight", "jawForward", "tongueOut",
                 "mouthFrownLeft"):
        values = shapes[:, READ.index(name)]
        parts.append(f"{name} {values.mean():.2f}, {np.quantile(values, 0.95):.2f}, "
                     f"{values.max():.2f}")
    return ("On validation photographs (mean, 95 %, largest), whose people hardly do these: " +
            "; ".join(parts) + ".")


def page(options):
    net, metadata = load(options.model)
    faces, teacher = FaceSet(options.set), Teacher(options.set)
    run = RenderRun(net, Renders(options.val, options.rig), teacher.mirror)
    groups = {"lids": (68, 32), "lips": (100, 20), "brows": (120, 10), "surface": (130, 72),
              "irises": (202, 10)}
    count = sum(p.numel() for n, p in net.named_parameters() if "expression.teacher" not in n)
    yield f"`{options.model}`: {metadata['mocap.training']}; {count:,} parameters."
    yield ("### Landmarks\n\nMean over the 68 points, given boxes, in percent of the outer eye "
           "corners' distance.")
    other = [(f"`{options.landmarks}`", Model(options.landmarks).net)] if options.landmarks else []
    yield landmark_table(net, faces, other)
    text = (f"### Renders of held-out people\n\n{len(run.renders)} images. Points that are seen, "
            "in percent of the eyes' distance")
    if "shapes" not in run.found:
        yield text + "."
        yield yaw_table(run, groups)
        return
    yield text + (f"; eyes that are open; r is the mean correlation of {len(READ)} shapes.")
    yield yaw_table(run, groups)
    single = RenderRun(net, Renders(options.single, options.rig), teacher.mirror)
    yield ("### Shapes\n\nr over the same renders; then one shape at a time at full strength, "
           f"{len(np.unique(single.renders.rows['person']))} people, against their neutral face.")
    yield shape_table(run, single)
    yield gaze_line(single)
    yield ("### Held-out clips\n\nCorrelation with the teacher within a clip, over the live "
           "shapes that vary there; gaze against its looks.")
    look = lambda items: predict(net, [view(faces, i, SIZE, MARGIN)[0] for i in items])
    items = clip_items(faces, teacher)
    yield from clip_tables(look(items), items, faces, teacher)
    yield quiet_line(look(photographs(faces))["shapes"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--model", "--set", "--val"):
        parser.add_argument(name, required=True)
    parser.add_argument("--single", help="for an expression head: one shape at a time")
    parser.add_argument("--rig", help="ICT-FaceKit's arrays, ict.npz: for the turn")
    parser.add_argument("--landmarks", help="a landmark weight file for comparison")
    parser.add_argument("--page", help="a page with marks for the tables")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    text = "\n\n".join(page(options))
    if options.page:
        report.replace_between(options.page, "figures", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
