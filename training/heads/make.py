"""Makes a set of rendered heads with exact labels.

    python3 -m training.heads.make --rig ../shared/dense/ict.npz --library build/dev/training/heads/libraster.so
        --backgrounds '../shared/data/frames/coco_noperson*' --out SET --count 100000

The set is a folder of shards of 1,000 images; the people of each are its own. The same
options make the same images; a shard that is there is left alone, so a run that was stopped
goes on. --kind single: a few people with one shape at a time, both sides together, and looks
in all directions, for benchmarks."""

import argparse
import os

import cv2
import numpy as np

from . import expressions, scene
from .people import Person
from .photographs import read_photographs
from .raster import Rasteriser
from .rig import LOOKS, Rig

JPEG_QUALITY = 92


class Shard:
    """Images on their way into a file."""

    def __init__(self):
        self.images, self.rows = [], {}

    def add(self, image, labels, **more):
        encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self.images.append(encoded[1].ravel())
        for name, value in {**labels, **more}.items():
            self.rows.setdefault(name, []).append(value)

    def write(self, path):
        ends = np.cumsum([len(image) for image in self.images])
        with open(path + ".new", "wb") as file:
            np.savez(file, jpeg=np.concatenate(self.images), ends=ends,
                     **{name: np.array(rows) for name, rows in self.rows.items()})
        os.replace(path + ".new", path)


def training_shard(options, rig, rasteriser, photographs, number):
    rng = np.random.default_rng([options.seed, number])
    people = [Person(rng, rig) for _ in range(options.people)]
    shard = Shard()
    for i in range(options.shard):
        rng = np.random.default_rng([options.seed, number, i])
        who = int(rng.integers(len(people)))
        shard.add(*scene.picture(rng, rig, rasteriser, people[who], expressions.draw(rng, rig),
                                 scene.draw_angles(rng), options.size, photographs=photographs),
                  person=number * options.people + who)
    return shard


def single_cases(rig):
    """Name, what to do to a neutral face."""
    yield "neutral", lambda face: None
    for name in expressions.base_names(rig):
        def act(face, name=name):
            face.add(name, 1)
            if name == "mouthClose":
                face.add("jawOpen", 1)
        yield name, act
    yield "tongueOut", lambda face: face.put_out_tongue(np.random.default_rng(1), 1.0)
    for yaw in (-30, -15, 0, 15, 30):
        for pitch in (-20, 0, 15):
            yield f"gaze {yaw} {pitch}", lambda face, g=(yaw, pitch): face.look(np.radians([g, g]))
    yield "gaze crossed", lambda face: face.look(np.radians([(-20, 0), (20, 0)]))


def single_shard(options, rig, rasteriser, photographs, number):
    """One person: the same light, hair and place in all images."""
    person = Person(np.random.default_rng([options.seed, number]), rig)
    yaw = (0, 12, -12, 25, -25, 5, -5, 40)[number % 8]
    shard = Shard()
    for name, act in single_cases(rig):
        rng = np.random.default_rng([options.seed, number, 0])
        face = expressions.Expression(rig)
        act(face)
        shard.add(*scene.picture(rng, rig, rasteriser, person, face, (yaw, rng.normal(0, 4), 0),
                                 options.size, photographs=photographs, plain=True),
                  person=number, case=name)
    return shard


def contact_sheet(path, shard, columns=8, rows=5):
    """A few images; in every second one the dense points: green seen, red hidden."""
    tiles = []
    pick = np.linspace(0, len(shard.images) - 1, min(columns * rows, len(shard.images))).astype(int)
    for k, i in enumerate(pick):
        tile = cv2.imdecode(shard.images[i], cv2.IMREAD_COLOR)
        marks = ((shard.rows["dense"][i], None), (shard.rows["landmarks"][i], (255, 200, 0)))
        for x, y, seen in marks[k // 2 % 2][0] if k % 2 else ():
            colour = marks[k // 2 % 2][1] or ((0, 255, 0) if seen else (0, 0, 255))
            cv2.circle(tile, (int(x * 8), int(y * 8)), 7, colour, -1, cv2.LINE_AA, 3)
        tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    cv2.imwrite(path, np.vstack([np.hstack(tiles[k:k + columns])
                                 for k in range(0, len(tiles), columns)]))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rig", required=True, help="ICT-FaceKit's arrays, ict.npz")
    parser.add_argument("--library", required=True, help="libraster.so")
    parser.add_argument("--backgrounds", default="", help="pattern of images without people")
    parser.add_argument("--out", required=True, help="folder of shards")
    parser.add_argument("--count", type=int, default=100000, help="images; people with single")
    parser.add_argument("--kind", choices=("mixed", "single"), default="mixed")
    parser.add_argument("--shard", type=int, default=1000, help="images of a shard")
    parser.add_argument("--people", type=int, default=25, help="of a shard")
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheets", action="store_true", help="a contact sheet beside each shard")
    return parser.parse_args()


def main():
    options = arguments()
    cv2.setNumThreads(1)
    os.makedirs(options.out, exist_ok=True)
    rig, rasteriser = Rig(options.rig), Rasteriser(os.path.abspath(options.library))
    photographs = read_photographs(options.backgrounds)
    single = options.kind == "single"
    shards = options.count if single else -(-options.count // options.shard)
    for number in range(shards):
        path = os.path.join(options.out, f"{number:04}.npz")
        if os.path.exists(path):
            continue
        make = single_shard if single else training_shard
        shard = make(options, rig, rasteriser, photographs, number)
        shard.write(path)
        if options.sheets:
            contact_sheet(path.replace(".npz", ".png"), shard)
        print(path, len(shard.images), "images", flush=True)


if __name__ == "__main__":
    main()
