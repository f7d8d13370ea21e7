"""What motion networks are for: compares the motion that students give with their teacher's, and
drives a still image with it.

    python3 -m training.drive --teacher RUN --student RUN... --clips FOLDER --landmarks clips68.json
        [--still IMAGE --driver IMAGE... --picture FILE.webp] [--page docs/comparison.md]

The clips' frames (training.frames) are cut by one square a clip, as the First Order Motion Model
(Siarohin et al. 2019) is given them, so that all motion is the head's own. Each frame is looked at by
itself, without smoothing. The picture has the driver and, for every network, the still that its
keypoints and Jacobians warp: first-order motion, without the generator that would paint what was
hidden."""

import argparse
import json
import os
import shutil
import subprocess

import cv2
import numpy as np
import torch

from . import augment, metrics, motion, report
from .distil import teacher_of
from .prepare import CLIPS_HELD_OUT
from .samples import tensor_of

MOVES = 0.01   # standard deviation in a clip, [-1, 1], from which a coordinate is compared
TURNS = 0.02   # the same of a Jacobian's entry
LAG_MOST = 3   # frames
AGREES = 0.5   # correlation from which there is a lag to speak of
NOISE = 5      # of a camera, standard deviation of 255
COPIES = 32
EVERY = 10     # frames of a clip of which one is warped


class Clip:
    """Frames of a clip, cut by one square."""

    def __init__(self, folder, names, landmarks, size, margin):
        boxes = [augment.box_of(np.float64(landmarks[name])[:, :2]) for name in names]
        centre = np.mean([middle for middle, _ in boxes], 0)
        side = margin * max(edge for _, edge in boxes)
        self.name = names[0].rsplit("_", 1)[0]
        self.images = [augment.warp(read(os.path.join(folder, name)), np.zeros((1, 2)), size, centre,
                                    side)[0] for name in names]


def read(path):
    """-> RGB"""
    image = cv2.imread(path)
    if image is None:
        raise SystemExit(f"{path}: not an image")
    return np.ascontiguousarray(image[..., ::-1])


def clips_of(folder, landmarks, size, margin, wanted=CLIPS_HELD_OUT):
    with open(landmarks) as file:
        points = json.load(file)
    for clip in wanted:
        names = sorted(n for n in points if n.rsplit("_", 1)[0] == clip and points[n])
        if names:
            yield Clip(folder, names, points, size, margin)


def look(net, images):
    """-> keypoints in [-1, 1] (frames x 10 x 2), Jacobians (frames x 10 x 2 x 2)"""
    places, jacobians = [], []
    with torch.no_grad():
        for first in range(0, len(images), 32):
            batch = torch.stack([tensor_of(image) for image in images[first:first + 32]])
            place, jacobian, _ = net(batch)
            places.append(place.numpy()), jacobians.append(jacobian.numpy())
    return np.concatenate(places), np.concatenate(jacobians)


def columns(values):
    return values.reshape(len(values), -1)


def agreement(found, truth, moves):
    """Mean correlation of the columns that move; not a number where none does."""
    found, truth = columns(found)[:, moves], columns(truth)[:, moves]
    return metrics.correlations(found, truth).mean() if moves.any() else np.nan


def moving(truth, least):
    return columns(truth).std(0) > least


def lag_of(found, truth, most=LAG_MOST):
    """Frames by which found comes after truth: the top of a parabola through the best correlations.
    Not a number where the tracks do not say: they are short, do not move, or hardly agree."""
    moves, count = moving(truth, MOVES), len(truth)
    if count < 4 * (most + 1) or not moves.any():
        return np.nan
    at = [agreement(found[max(0, s):count + min(0, s)], truth[max(0, -s):count - max(0, s)], moves)
          for s in range(-most - 1, most + 2)]
    best = int(np.argmax(at))
    if best in (0, len(at) - 1) or at[best] < AGREES:
        return np.nan
    before, top, after = at[best - 1:best + 2]
    bend = before - 2 * top + after
    part = 0.5 * (before - after) / bend if bend < 0 else 0
    return best - most - 1 + float(np.clip(part, -0.5, 0.5))


def jitter(net, image, seed=1):
    """Standard deviations of keypoints and of Jacobians' entries over a still image with noise."""
    rng = np.random.default_rng(seed)
    noisy = [np.clip(image + rng.normal(0, NOISE, image.shape), 0, 255).astype(np.uint8)
             for _ in range(COPIES)]
    place, jacobian = look(net, noisy)
    return np.sqrt(place.var(0).sum(-1)).mean(), jacobian.std(0).mean()


def equivariance(net, images, seed=1):
    """The losses of the First Order Motion Model under known warps, of keypoints and Jacobians."""
    torch.manual_seed(seed)
    batch = torch.stack([tensor_of(image) for image in images])
    place, jacobian, _ = net(batch)
    return [float(loss) for loss in motion.equivariance(net, batch, place, jacobian)]


def row_of(name, net, clips, taught):
    """taught: the teacher's looks at the clips; None: this is the teacher."""
    looks = [look(net, clip.images) for clip in clips]
    cells = ["", "", ""]
    if taught is not None:
        pairs = list(zip(looks, taught))
        cells = [f"{np.nanmean([agreement(a[k], b[k], moving(b[k], least)) for a, b in pairs]):.3f}"
                 for k, least in ((0, MOVES), (1, TURNS))]
        cells.append(f"{np.nanmean([lag_of(a[0], b[0]) for a, b in pairs]):+.2f}")
    still = np.mean([jitter(net, clip.images[0]) for clip in clips], 0)
    losses = np.mean([equivariance(net, clip.images[::EVERY]) for clip in clips], 0)
    return [name, *cells, *(f"{1000 * value:.1f}" for value in still),
            *(f"{value:.4f}" for value in losses)], looks


HEAD = ["network", "keypoints, r", "Jacobians, r", "lag, frames", "jitter of keypoints, thousandths",
        "of Jacobians", "equivariance of keypoints", "of Jacobians"]


def table(teacher, students, clips):
    """students: {name: network}"""
    row, taught = row_of("the teacher", teacher, clips, None)
    rows = [row] + [row_of(name, net, clips, taught)[0] for name, net in students.items()]
    return report.table(HEAD, rows)


# ---- driving


def inverse(jacobian):
    return np.linalg.inv(jacobian + 1e-6 * np.eye(2))


def first_order_flow(still, driving, first, size, reach=0.1):
    """Where each pixel of the driven image comes from in the still, size x size x 2 in [-1, 1].

    still: keypoints; driving, first: keypoints and Jacobians. The still moves as the driver has moved
    since its first frame (Siarohin et al. 2019, relative motion). Near a keypoint its own motion
    rules, far from all of them none does."""
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, size)] * 2), -1).reshape(-1, 2)
    places = still + driving[0] - first[0]
    backwards = first[1] @ inverse(driving[1])  # of a keypoint's surroundings, to the first frame
    flow, total = np.zeros_like(grid), np.zeros((len(grid), 1))
    for place, origin, back in zip(places, still, backwards):
        away = grid - place
        weight = np.exp(-(away ** 2).sum(1, keepdims=True) / (2 * reach ** 2))
        flow += weight * (origin + away @ back.T)
        total += weight
    rest = np.exp(-0.5 * 3 ** 2)  # three reaches away, a keypoint counts as much as staying
    return ((flow + rest * grid) / (total + rest)).reshape(size, size, 2)


def warped(image, flow):
    """image: RGB, as large as the flow or larger"""
    pixels = np.float32((flow + 1) / 2 * (np.array(image.shape[1::-1]) - 1))
    return cv2.remap(image, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)


def labelled(image, text):
    image = cv2.copyMakeBorder(image, 18, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.4
    (width, _), _ = cv2.getTextSize(text, font, scale, 1)
    scale *= min(1, (image.shape[1] - 8) / width)
    return cv2.putText(image, text, (4, 13), font, scale, (40, 40, 40), 1, cv2.LINE_AA)


def driven(networks, still, drivers, size, edge=128):
    """-> images, RGB, of the driver and every network's still side by side"""
    def small(image):
        return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    large = cv2.resize(still, (edge, edge), interpolation=cv2.INTER_AREA)
    looks = {name: (look(net, [small(still)])[0][0], look(net, [small(d) for d in drivers]))
             for name, net in networks.items()}
    for i, driver in enumerate(drivers):
        parts = [labelled(cv2.resize(driver, (edge, edge), interpolation=cv2.INTER_AREA), "driver")]
        for name, (own, track) in looks.items():
            flow = first_order_flow(own, [v[i] for v in track], [v[0] for v in track], edge)
            parts.append(labelled(warped(large, flow), name))
        yield np.hstack(parts)


def write_picture(path, images, rate=12):
    """An animation, by ffmpeg, that is played again and again."""
    if shutil.which("ffmpeg") is None:
        raise SystemExit(f"{path}: writing it takes the program ffmpeg")
    images = list(images)
    height, width = images[0].shape[:2]
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
                    "-s", f"{width}x{height}", "-r", str(rate), "-i", "-", "-c:v", "libwebp_anim",
                    "-loop", "0", "-quality", "60", path],
                   input=b"".join(image.tobytes() for image in images), check=True)


def name_of(run):
    return os.path.basename(run.rstrip("/"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--teacher", required=True, help="run of training.train --head motion")
    parser.add_argument("--student", nargs="+", default=[], help="runs of training.distil")
    parser.add_argument("--clips", help="folder of training.frames")
    parser.add_argument("--landmarks", help="landmarks in the clips' frames, JSON")
    parser.add_argument("--margin", type=float, default=1.5)
    parser.add_argument("--still", help="image to drive")
    parser.add_argument("--driver", nargs="+", default=[], help="frames that drive it")
    parser.add_argument("--picture", help="animation to write: .webp")
    parser.add_argument("--page", help="Markdown file with the marks <!-- driving --> and "
                                       "<!-- end of driving -->")
    options = parser.parse_args()
    if (options.clips is None) != (options.landmarks is None):
        parser.error("--clips and --landmarks go together")
    if options.picture and not (options.still and options.driver):
        parser.error("--picture requires --still and --driver")
    names = [name_of(run) for run in options.student]
    if len(set(names)) < len(names) or "teacher" in names:
        parser.error(f"students must have names of their own, got {' '.join(names)}")
    return options


def main():
    options = arguments()
    torch.set_num_threads(1)
    teacher, taught = teacher_of(options.teacher)
    students = {name_of(run): teacher_of(run)[0] for run in options.student}
    if options.clips:
        clips = list(clips_of(options.clips, options.landmarks, taught["size"], options.margin))
        if not clips:
            raise SystemExit(f"{options.clips}: has none of the clips {' '.join(CLIPS_HELD_OUT)}")
        text = table(teacher, students, clips)
        print(text)
        if options.page:
            report.replace_between(options.page, "driving", text)
    if options.picture:
        images = [read(path) for path in (options.still, *options.driver)]
        write_picture(options.picture, driven({"teacher": teacher, **students}, images[0],
                                              images[1:], taught["size"]))


if __name__ == "__main__":
    main()
