"""How well heads' poses are fitted, as the tables of docs/motion.md.

    python3 -m training.pose_evaluate --lab build/release/bin/mocap-lab --model FILE...
        --renders DIR --rig ict.npz [--clips FOLDER --clip-labels clips.json
        --clip-landmarks clips68.json] [--page docs/motion.md]

--renders: of held-out people, against exact rotations, the camera known. --clips: frames of clips
that the teacher has labelled (training/README.md, "The whole face"), against its rotations, the
field of view estimated; those that no training has seen apart from the others, on which
pitch_gain (pipeline/motion/pose.c) was chosen. Both through mocapd's own code."""

import argparse
import subprocess

import numpy as np

from . import report
from .pose_data import Finder, LabelledClips, RenderedHeads, euler
from .prepare import CLIPS_HELD_OUT

YAWS = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 80), (0, 60))
TURNS_LEAST = 2.0  # degrees, standard deviation: a head that keeps still correlates with nothing


def fit(lab, points, sizes, fovs, seconds):
    """mocap-lab pose -> pitch, yaw, roll, x, y, z, error, fov; not a number where there is none."""
    lines = [" ".join(f"{value:.4f}" for value in (*size, fov, seconds, *face.ravel()))
             for face, size, fov in zip(points, sizes, fovs)]
    done = subprocess.run([lab, "pose"], input="\n".join(lines) + "\n", stdout=subprocess.PIPE,
                          universal_newlines=True, check=True)
    rows = [[np.nan] * 8 if line == "none" else [float(n) for n in line.split()]
            for line in done.stdout.splitlines()]
    return np.array(rows)


def errors_of(found, truth):
    """Absolute, without the constant between both definitions of an upright head."""
    off = (found - truth + 180) % 360 - 180
    front = np.abs(truth[:, 1]) < 30
    constant = np.nanmedian(off[front, 0])
    off[:, 0] -= constant
    return np.abs(off), constant


def render_rows(lab, heads, sets):
    truth = euler(heads.turns)
    yaw = np.abs(truth[:, 1])
    for title, points in sets:
        sizes = [(heads.size, heads.size)] * len(points)
        found = fit(lab, points, sizes, heads.fov, 0)[:, :3]
        errors, constant = errors_of(found, truth)
        cells = []
        for low, high in YAWS:
            own = errors[(yaw >= low) & (yaw < high)]
            cells.append(" / ".join(f"{value:.1f}" for value in
                                    np.nanmean(own, 0)[[1, 0, 2]]))
        near = (yaw < 60) & np.isfinite(found[:, 0])
        slopes = [np.polyfit(truth[near, k], found[near, k], 1)[0] for k in (1, 0)]
        yield [title, *cells[:-1], f"**{cells[-1]}**", f"{slopes[0]:.2f} / {slopes[1]:.2f}",
               f"{constant:.1f}"]


def mean_row(title, slopes):
    means = np.nanmean(np.reshape(slopes, (-1, 4)), 0)
    cells = [f"**{value:.2f}**" for value in means]
    return [f"**{title}**", "", "", "", "", *cells[:2], "", *cells[2:]]


def clip_rows(lab, clips, finder):
    for held_out in (False, True):
        chosen = [name for name in np.unique(clips.clips)
                  if (name in CLIPS_HELD_OUT) == held_out]
        yield from clip_group(lab, clips, finder, chosen,
                              "held out" if held_out else "trained on")


def clip_group(lab, clips, finder, names, title):
    truth, slopes = euler(clips.turns), []
    for clip in names:
        chosen = np.flatnonzero(clips.clips == clip)
        if truth[chosen, :2].std(0).max() < TURNS_LEAST:
            continue
        points, size = clips.find(finder, chosen)
        # Twice: what is reported is where the field of view has come to rest.
        twice = np.concatenate([points, points])
        found = fit(lab, twice, [size] * len(twice), [0] * len(twice), 0.04)[len(points):]
        own, cells = truth[chosen], []
        for k in (1, 0):
            spread = own[:, k].std()
            slope = np.polyfit(own[:, k], found[:, k], 1)[0]
            r = np.corrcoef(own[:, k], found[:, k])[0, 1]
            moves = spread >= TURNS_LEAST
            cells += [f"{spread:.1f}°", *(f"{v:.2f}" if moves else "" for v in (slope, r))]
            slopes.append((slope, r) if moves else (np.nan, np.nan))  # yaw, then pitch
        fov, error = np.median(found[:, 7]), np.median(found[:, 6])
        yield [clip, len(chosen), f"{fov:.0f}°", f"{error:.3f}", *cells]
    yield mean_row(title, slopes)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lab", required=True, help="mocap-lab")
    parser.add_argument("--model", nargs="+", required=True, help="landmark networks")
    parser.add_argument("--renders", required=True)
    parser.add_argument("--rig", required=True)
    parser.add_argument("--clips")
    parser.add_argument("--clip-labels")
    parser.add_argument("--clip-landmarks")
    parser.add_argument("--page", help="put the tables between its marks")
    return parser.parse_args()


def main():
    options = arguments()
    heads = RenderedHeads(options.renders, options.rig)
    sets = [("exact", heads.centred(heads.exact) * [1, 1, 0] + [0, 0, 0.96])]
    finders = {path: Finder(path) for path in options.model}
    sets += [(f"`{path}`", heads.find(finder)) for path, finder in finders.items()]
    head = ["landmarks", *(f"{low}-{high}°" for low, high in YAWS), "slope", "constant"]
    parts = [report.table(head, render_rows(options.lab, heads, sets))]
    if options.clips:
        clips = LabelledClips(options.clips, options.clip_labels, options.clip_landmarks)
        head = ["clip", "frames", "fov", "error", "yaw moves", "slope", "r", "pitch moves", "slope",
                "r"]
        parts.append(report.table(head, clip_rows(options.lab, clips,
                                                  finders[options.model[0]])))
    print("\n\n".join(parts))
    if options.page:
        report.replace_between(options.page, "pose figures", parts[0])
        if options.clips:
            report.replace_between(options.page, "pose on clips", parts[1])


if __name__ == "__main__":
    main()
