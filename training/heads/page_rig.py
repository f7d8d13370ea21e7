"""Writes web/rig.js: where the dense points are on the neutral head, and how each blend shape moves
them, for the page's photo.

    python3 -m training.heads.page_rig --rig ../shared/dense/ict.npz -o web/rig.js

The unit is the width of the face; x to the person's left, y down, z into the head; the origin is
midway between the outer corners of the eyes, as in pipeline/motion/mean_face.h."""

import argparse
import base64

import numpy as np

from .rig import SHAPES, Rig

STEPS = 127  # of a byte, for the largest movement of a shape
IRIS_RADIUS = 0.6  # centimetres

HEAD = """/**
 * The head behind the photo: the dense points of a neutral face, and how blend shapes move them.
 * Made by training/heads/page_rig.py from ICT-FaceKit:
 *
 * MIT License. Copyright (c) 2020 USC Institute for Creative Technologies
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
 * associated documentation files (the "Software"), to deal in the Software without restriction,
 * including without limitation the rights to use, copy, modify, merge, publish, distribute,
 * sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all copies or
 * substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
 * NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
 * NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
 * DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
 * OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 *
 * Units are widths of the face; x to the person's left, y down, z into the head; the origin is midway
 * between the outer corners of the eyes. Numbers are signed bytes in base64: x, y, z of each point,
 * times a scale.
 */
"""

READ = """
function read({ scale, bytes }) {
    return Float32Array.from(atob(bytes), (letter) => ((letter.charCodeAt(0) << 24) >> 24) * scale);
}

const rest = read(REST);

/** x, y, z of each point on the neutral head. */
export const NEUTRAL_POINTS = read(NEUTRAL).map((value, i) => value + rest[i]);

/** By shape: how far it moves each point at full strength. */
export const MOVES = Object.fromEntries(Object.entries(SHAPES).map(([name, move]) => [name, read(move)]));
"""


def packed(values):
    scale = max(float(np.abs(values).max()) / STEPS, 1e-9)
    numbers = np.rint(values / scale).astype(np.int8)
    text = base64.b64encode(numbers.tobytes()).decode()
    return f'{{ scale: {scale:.6g}, bytes: "{text}" }}', numbers.astype(np.float64) * scale


def on_page(places, unit, origin=0):
    return (places - origin) * np.array([1, -1, -1]) / unit


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rig", required=True)
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    rig = Rig(options.rig)
    rest = rig.neutral[rig.dense].astype(np.float64)
    unit = np.linalg.norm(rest[16] - rest[0])
    origin = (rest[36] + rest[45]) / 2
    irises = rig.iris_places(rig.neutral, np.zeros((2, 2)), IRIS_RADIUS)
    points = on_page(np.concatenate([rest, irises]), unit, origin)
    coarse, taken = packed(points)
    fine, _ = packed(points - taken)
    lines = [HEAD, f"const NEUTRAL = {coarse};", "// What bytes round off of it.",
             f"const REST = {fine};", "", "const SHAPES = {"]
    for name in SHAPES:
        weights = np.array([rig.shapes_of(np.eye(len(rig.names))[k], 0.0)[SHAPES.index(name)]
                            for k in range(len(rig.names))])
        if not weights.any():
            continue  # the tongue
        # A label that is the mean of two moves both.
        moved = np.tensordot((weights > 0).astype(np.float64), rig.expressions[:, rig.dense], 1)
        moves = np.concatenate([on_page(moved, unit), np.zeros((len(irises), 3))])
        lines.append(f"    {name}: {packed(moves)[0]},")
    with open(options.output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n};\n" + READ)


if __name__ == "__main__":
    main()
