"""How good a landmark model is, as the tables of docs/models.md.

    python3 -m training.evaluate --set SET --model models/face.safetensors
        [--beside models/free/face.safetensors ...] [--page docs/models.md]

The set is one of training.prepare; only its validation images are looked at.
With --page the tables take the place of those between the page's marks."""

import argparse

import cv2
import numpy as np

from . import augment, metrics, pose, report
from .models import Model, parameter_count
from .samples import FaceSet, opening, view

PARTS = {"jaw": slice(0, 17), "brows": slice(17, 27), "nose": slice(27, 36),
         "eyes": slice(36, 48), "mouth": slice(48, 68)}
FAILED = 0.08
MOVING = 0.03  # the mouth's opening varies by more in clips in which people speak
SETS = {"helen_train": "HELEN, manual labels", "p1": "P1, given labels (noisy)"}

# What others reach on other images: 330 faces of HELEN's test part, and P1.
OTHERS = (("MediaPipe face mesh, fitted", "3.3", "6.3"), ("PFLD, 112x112", "3.4", "5.4"),
          ("face-api.js 68", "4.5", "6.9"), ("OpenSeeFace model 0, bias removed", "5.0", "5.6"))


class Validation:
    """A model's points for the validation images of one set, or for its training's."""

    def __init__(self, model, faces, origin, split="val"):
        self.items = faces.choose(split, origin)
        self.names = faces.names[self.items]
        self.pictures, truth = zip(*(view(faces, i, model.size, model.margin)
                                     for i in self.items))
        self.truth = np.array(truth)
        self.points, self.trust = metrics.predict(model.net, self.pictures)
        self.errors = metrics.distances(self.points, self.truth)


def error_rows(runs):
    for origin, title in SETS.items():
        run = runs[origin]
        faces = run.errors.mean(1)
        parts = [f"{run.errors[:, part].mean() * 100:.1f}" for part in PARTS.values()]
        yield [title, len(faces), f"**{faces.mean() * 100:.2f}**", f"{np.median(faces) * 100:.2f}",
               f"{(faces > FAILED).mean() * 100:.1f} %", *parts]


def error_table(runs):
    return report.table(["faces", "number", "mean", "median", "above 8 %", *PARTS],
                        error_rows(runs))


def others_table(runs):
    mine = [f"{runs[o].errors.mean() * 100:.1f}" for o in SETS]
    return report.table(["tracker", "HELEN", "P1"], [["**this model**", *mine], *OTHERS])


def lips_row(run):
    """Correlation of the mouth's opening with the teacher's within each clip, where it moves."""
    clips = np.array([name.rsplit("_", 1)[0] for name in run.names])
    rs = []
    for clip in np.unique(clips):
        wanted, got = opening(run.truth[clips == clip])[1], opening(run.points[clips == clip])[1]
        if wanted.std() > MOVING:
            rs.append(np.corrcoef(got, wanted)[0, 1])
    return f"{np.mean(rs):.2f}"


def beside_row(model, runs):
    terms = model.metadata.get("mocap.license", "").split(":")[0]
    lips = lips_row(runs["clip"]) if "clip" in runs else ""
    return [f"`{model.path}`", terms, f"{parameter_count(model.net):,}",
            *(f"{runs[o].errors.mean() * 100:.2f}" for o in SETS), lips]


def beside_table(model, faces, runs, others):
    rows = [beside_row(model, runs)]
    for path in others:
        other = Model(path)
        rows.append(beside_row(other, validations(other, faces)))
    return report.table(["weights", "terms", "parameters", "HELEN", "P1",
                         "lips within held-out clips, r"], rows)


def yaw_table(runs):
    truth = np.concatenate([runs[o].truth for o in SETS])
    faces = np.concatenate([runs[o].errors.mean(1) for o in SETS])
    # The eyes' distance shrinks as the head turns: here the box measures.
    box = np.ptp(truth, axis=1).max(1)
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    yaw = np.array([abs(pose.yaw_of(points)) for points in truth])
    rows = []
    for low, high in ((0, 15), (15, 30), (30, 45), (45, 90)):
        chosen = (yaw >= low) & (yaw < high)
        if chosen.sum() > 0:
            rows.append([f"{low}-{high}°", chosen.sum(), f"{faces[chosen].mean() * 100:.2f}",
                         f"{(faces * eyes / box)[chosen].mean() * 100:.2f}"])
    return report.table(["yaw", "faces", "of the eyes' distance", "of the face's box"], rows)


def spoiled(model, faces, items, seed=3):
    """The validation images as a bad camera and a lost tracker show them."""
    rng = np.random.default_rng(seed)
    pictures, truth = [], []
    for item in items:
        square = augment.place(rng, faces.points[item], model.margin)
        picture, points = augment.warp(faces.images[item], faces.points[item], model.size,
                                       **square)
        pictures.append(augment.photograph(rng, picture))
        truth.append(points)
    truth = np.float32(truth)
    points, trust = metrics.predict(model.net, pictures)
    return metrics.distances(points, truth), trust


def trust_rows(errors, trust):
    """Error in each quarter of the points, by confidence."""
    order = np.argsort(trust.ravel())[::-1]
    return [f"{q.mean() * 100:.1f}" for q in np.array_split(errors.ravel()[order], 4)]


def trust_table(model, faces, runs):
    rows = []
    helen = runs["helen_train"]
    cases = [("HELEN", helen.errors, helen.trust),
             ("P1", runs["p1"].errors, runs["p1"].trust),
             ("HELEN, spoiled", *spoiled(model, faces, helen.items))]
    for title, errors, trust in cases:
        rows.append([title, f"{report.rank_correlation(1 - trust, errors):.2f}",
                     f"{report.rank_correlation(1 - trust.mean(1), errors.mean(1)):.2f}",
                     f"{trust.mean():.2f}", *trust_rows(errors, trust)])
    return report.table(["faces", "by point", "by face", "mean `c`", "most confident quarter", "second",
                         "third", "least confident"], rows)


def negatives_line(model, faces, runs):
    """The score of images without a face."""
    items = faces.choose("val", "none")
    if len(items) == 0:
        return ""
    pictures = [cv2.resize(faces.images[i], (model.size, model.size)) for i in items]
    _, trust = metrics.predict(model.net, pictures)
    score = np.sort(trust.mean(1))
    faces_score = np.sort(np.concatenate([runs[o].trust.mean(1) for o in SETS]))
    return (f"Scores (mean `c`): {len(items)} crops without a face have a median of "
            f"{np.median(score):.2f}, 99 % are below {score[int(0.99 * len(score))]:.2f}; of "
            f"the faces 99 % are above {faces_score[int(0.01 * len(faces_score))]:.2f}.")


def jitter_table(model, run, copies=8, seed=4):
    rng = np.random.default_rng(seed)
    rows = []
    for noise in (2, 5, 10):
        spread = []
        for picture, truth in zip(run.pictures, run.truth):
            noisy = [np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)
                     for _ in range(copies)]
            points, _ = metrics.predict(model.net, noisy)
            deviation = np.sqrt(points.var(0, ddof=1).sum(-1))
            spread.append(deviation / np.linalg.norm(truth[36] - truth[45]))
        spread = np.array(spread)
        rows.append([f"{noise} / 255", f"{spread.mean() * 100:.2f}",
                     *(f"{spread[:, part].mean() * 100:.2f}" for part in PARTS.values())])
    return report.table(["noise", "all points", *PARTS], rows)


def blink_rows(runs):
    for origin in (*SETS, "clip"):
        run = runs.get(origin)
        if run is None:
            continue
        wanted, _ = opening(run.truth)
        got, _ = opening(run.points)
        shut, wide = wanted < 0.15, wanted > 0.22
        if shut.sum() >= 3:
            yield [SETS.get(origin, "held-out clips, teacher's labels"), shut.sum(), wide.sum(),
                   f"{np.median(got[shut]):.2f}", f"{np.median(got[wide]):.2f}",
                   f"{report.area_under_curve(got[shut], got[wide]):.3f}"]


def blink_table(runs):
    return report.table(["faces", "closed", "open", "median closed", "median open", "separated"],
                        blink_rows(runs))


def clip_row(name, points, truth):
    eyes, mouth = opening(points)
    eyes_wanted, mouth_wanted = opening(truth)
    return [name, len(truth), f"{metrics.distances(points, truth).mean() * 100:.1f}",
            f"{np.corrcoef(eyes, eyes_wanted)[0, 1]:.2f}", f"{eyes_wanted.std():.3f}",
            f"{np.corrcoef(mouth, mouth_wanted)[0, 1]:.2f}", f"{mouth_wanted.std():.3f}"]


def clip_table(model, faces, held_out):
    """Eye and mouth opening against the teacher, clip by clip."""
    rows = [clip_row("**all held out**", held_out.points, held_out.truth)]
    for run, remark in ((held_out, " (held out)"), (Validation(model, faces, "clip", "train"), "")):
        clips = np.array([name.rsplit("_", 1)[0] for name in run.names])
        rows += [clip_row(clip + remark, run.points[clips == clip], run.truth[clips == clip])
                 for clip in np.unique(clips)]
    return report.table(["clip", "frames", "error", "eyes", "they vary by", "mouth",
                         "it varies by"], rows)


def validations(model, faces):
    origins = [*SETS, "clip"] if len(faces.choose("val", "clip")) > 0 else SETS
    return {origin: Validation(model, faces, origin) for origin in origins}


def page(model, faces, others=()):
    runs = validations(model, faces)
    meta = model.metadata
    yield (f"`{model.path}`: {meta['mocap.arch']}, {meta['mocap.input']}, "
           f"{parameter_count(model.net):,} parameters.")
    yield "### Errors\n\nMean over the 68 points, in percent of the outer eye corners' distance."
    yield error_table(runs)
    yield ("Beside what others reach (their HELEN faces are the 330 of its test part, given "
           "boxes; ours the validation faces):")
    yield others_table(runs)
    if others:
        yield ("Other weights, on the same images. Lips: the mouth's opening within a clip against "
               f"the teacher's, mean over the clips where it varies by more than {MOVING:g}.")
        yield beside_table(model, faces, runs, others)
    yield "By how far the head is turned, all validation faces:"
    yield yaw_table(runs)
    yield ("### Confidence\n\nRank correlation of `1 - c` with the error, and the error (percent) "
           "of the points by their `c`. Spoiled: shifted, turned, darkened, blurred, covered.")
    yield trust_table(model, faces, runs)
    line = negatives_line(model, faces, runs)
    if line:
        yield line
    yield ("### Jitter\n\nStandard deviation of a point over copies of a still image with "
           "noise, in percent of the eyes' distance; no smoothing.")
    yield jitter_table(model, runs["helen_train"])
    yield ("### Blinks\n\nThe eyes' aspect ratio where the labels say closed (below 0.15) and "
           "open (above 0.22). Separated: the chance that a closed one is below an open one.")
    yield blink_table(runs)
    if "clip" in runs:
        yield ("### Clips\n\nAgainst the teacher's labels, each frame by itself: error in percent, "
               "correlation of the eyes' aspect ratio and of the mouth's opening, and how much "
               "these vary in the clip (where they hardly vary, noise rules the correlation).")
        yield clip_table(model, faces, runs["clip"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--beside", nargs="+", default=[], help="other weight files")
    parser.add_argument("--page", help="Markdown file with the marks <!-- landmarks --> and "
                                       "<!-- end of landmarks -->")
    options = parser.parse_args()
    text = "\n\n".join(page(Model(options.model), FaceSet(options.set), options.beside))
    print(text)
    if options.page:
        report.replace_between(options.page, "landmarks", text)


if __name__ == "__main__":
    main()
