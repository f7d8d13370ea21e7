"""The study's learning curves: a table of errors on validation faces as training goes on, and a
chart of them.

    python3 -m training.curves models/zoo/logs [--page docs/comparison.md] [--chart FILE.svg]

Reads the logs that training/zoo.sh keeps of the landmark networks: NETWORK.jsonl at 64x64,
NETWORK-128.jsonl at 128x128, NETWORK-seedN.jsonl of further seeds. An error is the mean of those on
HELEN's and P1's validation faces, in percent of the outer eye corners' distance, of the averaged
weights."""

import argparse
import glob
import json
import os
import re

import numpy as np

from . import report

SETS = ("helen_train", "p1")
SHOWN = (0.1, 0.2, 0.5, 0.8, 1.0)  # of the training, in the table
COLOURS = ("#27c", "#c60", "#2a2", "#c33", "#75b", "#853", "#d5a", "#777", "#aa2")
WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN, LEGEND = 720, 420, 70, 55, 25, 120
TEXT = "font-family='sans-serif' font-size='13'"


class Training:
    """A network at a size: the curves of its seeds, as (images seen, errors) each."""

    def __init__(self, network, size):
        self.network, self.size, self.seeds = network, size, []

    def at(self, share):
        """Errors of all seeds after this share of their training."""
        return np.array([np.interp(share * images[-1], images, errors)
                         for images, errors in self.seeds])

    def spread(self):
        """The standard deviation over seeds; of one seed it is unknown."""
        return float(self.at(1).std(ddof=1)) if len(self.seeds) > 1 else np.nan


def read_log(path, names):
    """-> images seen, in order; what the log then says under these names (images x names)"""
    known = {}
    with open(path) as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                known[entry["images"]] = [float(entry[name]) for name in names]
            except (ValueError, TypeError) as fault:
                raise SystemExit(f"{path}: line {number}: {fault}") from fault
            except KeyError as missing:
                raise SystemExit(f"{path}: line {number}: without {missing}") from missing
    if not known:
        raise SystemExit(f"{path}: is empty")
    images = sorted(known)
    return np.array(images), np.array([known[count] for count in images])


def read_curve(path):
    images, errors = read_log(path, SETS)
    return images, errors.mean(1)


def read_trainings(folder):
    """-> trainings of landmark networks, the smaller error first; 64x64 before 128x128"""
    trainings = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
        name = re.fullmatch(r"([a-z]+(?:-orig)?)(-128)?(-seed\d+)?", os.path.basename(path)[:-6])
        if name is not None and name[1] != "teacher":
            key = name[1], 128 if name[2] else 64
            trainings.setdefault(key, Training(*key)).seeds.append(read_curve(path))
    if not trainings:
        raise SystemExit(f"{folder}: has no logs of landmark networks")
    return sorted(trainings.values(), key=lambda t: (t.size, t.at(1).mean()))


def error_text(training):
    mean, spread = training.at(1).mean(), training.spread()
    return f"{mean:.2f}" if np.isnan(spread) else f"{mean:.2f} ± {spread:.2f}"


def curve_table(trainings):
    rows = []
    for training in trainings:
        before, after = training.at(0.8).mean(), training.at(1).mean()
        rows.append([training.network, f"{training.size}x{training.size}",
                     f"{training.seeds[0][0][-1]:,}", len(training.seeds),
                     *(f"{training.at(share).mean():.2f}" for share in SHOWN[:-1]),
                     error_text(training), f"{100 * (before - after) / before:.1f} %"])
    head = ["network", "input", "images", "seeds", *(f"{share:.0%}" for share in SHOWN[:-1]),
            "error, %", "better in the last fifth"]
    return report.table(head, rows)


def ties(trainings):
    """Neighbours in the order whose difference is below the larger of their spreads."""
    for one, other in zip(trainings, trainings[1:]):
        difference = other.at(1).mean() - one.at(1).mean()
        spreads = [s for s in (one.spread(), other.spread()) if not np.isnan(s)]
        if one.size == other.size and spreads and difference < max(spreads):
            yield f"{one.network} and {other.network} at {one.size}x{one.size}"


def page(trainings):
    yield curve_table(trainings)
    tied = list(ties(trainings))
    if any(len(training.seeds) > 1 for training in trainings):
        yield (f"± is the standard deviation over seeds. Ties, closer than that: "
               f"{', '.join(tied) or 'none'}.")


class Axes:
    """Both are logarithmic: errors and numbers of images differ by factors."""

    def __init__(self, trainings):
        images = np.concatenate([images for t in trainings for images, _ in t.seeds])
        errors = np.concatenate([errors for t in trainings for _, errors in t.seeds])
        self.low = np.array([images.min() / 1.05, errors.min() / 1.03])
        self.high = np.array([images.max() * 1.05, errors.max() * 1.03])

    def place(self, images, error):
        x, y = np.log(np.array([images, error]) / self.low) / np.log(self.high / self.low)
        return (LEFT + x * (WIDTH - LEFT - MARGIN - LEGEND),
                HEIGHT - BOTTOM - y * (HEIGHT - BOTTOM - MARGIN))

    def ticks(self, axis):
        """Numbers to write at an axis: 1, 2 and 5 times powers of ten; finer ones if those are few."""
        for steps in ((1, 2, 5), range(1, 10), np.arange(10, 100) / 10):
            found = [step * 10.0 ** power for power in range(0, 8) for step in steps
                     if self.low[axis] < step * 10.0 ** power < self.high[axis]]
            if len(found) > 2:
                return found
        return found


def grid(axes):
    for images in axes.ticks(0):
        x, _ = axes.place(images, axes.low[1])
        yield (f"<path d='M{x:.1f} {MARGIN} V{HEIGHT - BOTTOM}' stroke='#ddd'/>"
               f"<text x='{x:.1f}' y='{HEIGHT - BOTTOM + 20}' text-anchor='middle' {TEXT}>"
               f"{images:,.0f}</text>")
    for error in axes.ticks(1):
        _, y = axes.place(axes.low[0], error)
        yield (f"<path d='M{LEFT} {y:.1f} H{WIDTH - MARGIN - LEGEND}' stroke='#ddd'/>"
               f"<text x='{LEFT - 8}' y='{y + 4:.1f}' text-anchor='end' {TEXT}>{error:g}</text>")
    yield (f"<text x='{(LEFT + WIDTH - MARGIN - LEGEND) / 2}' y='{HEIGHT - 12}' "
           f"text-anchor='middle' {TEXT}>images seen (error, % of the eyes' distance)</text>")


def chart(trainings):
    """One line per seed, 128x128 dashed; the legend in the order of the last errors."""
    axes = Axes(trainings)
    networks = list(dict.fromkeys(training.network for training in trainings))
    lines = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}'>",
             f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>", *grid(axes)]
    for row, training in enumerate(trainings):
        colour = COLOURS[networks.index(training.network) % len(COLOURS)]
        look = f"stroke='{colour}' fill='none'" + (
            " stroke-dasharray='5 3'" if training.size == 128 else "")
        for curve in training.seeds:
            points = " ".join("{:.1f},{:.1f}".format(*axes.place(*pair)) for pair in zip(*curve))
            lines.append(f"<polyline points='{points}' {look}/>")
        x, y = WIDTH - MARGIN - LEGEND + 10, MARGIN + 18 * row + 8
        lines.append(f"<path d='M{x} {y} h18' {look}/><text x='{x + 24}' y='{y + 4}' {TEXT}>"
                     f"{training.network}{' 128' if training.size == 128 else ''}</text>")
    return "\n".join([*lines, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("logs", help="folder of logs that training/zoo.sh wrote")
    parser.add_argument("--page", help="a page with marks for the table")
    parser.add_argument("--chart", help="where to draw the curves")
    options = parser.parse_args()
    trainings = read_trainings(options.logs)
    text = "\n\n".join(page(trainings))
    if options.page:
        report.replace_between(options.page, "curves", text)
    else:
        print(text)
    if options.chart:
        with open(options.chart, "w") as file:
            file.write(chart(trainings))


if __name__ == "__main__":
    main()
