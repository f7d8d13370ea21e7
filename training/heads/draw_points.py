"""Draws the dense points with their numbers and groups, as docs/dense.svg shows them. A mocapd with
a model that has them says which points make a group.

    mocapd --model models/face-expression.safetensors --stream demo=demo: &
    PYTHONPATH=clients/python python3 -m training.heads.draw_points --rig RIG -o docs/dense.svg"""

import argparse

import numpy as np

import mocap

from .rig import Rig

COLOURS = ("#2b6cb0", "#2f855a", "#b7791f", "#9b2c2c", "#6b46c1", "#b83280", "#2c7a7b")
IRIS_RADIUS = 0.6  # centimetres
# Panels: the middle on the face, its half width and half height, centimetres; the place and the
# scale in the drawing.
PANELS = (((0.0, -0.9), (8.6, 9.4), (0, 0), 40), ((-3.1, 3.6), (2.6, 1.9), (700, 20), 105),
          ((0.0, -3.4), (3.3, 1.75), (700, 440), 82))


class Drawing:
    def __init__(self, places, point_set):
        self.places, self.set, self.lines = places, point_set, []

    def panel(self, middle, half, corner, scale):
        """All points in it, with the lines of their groups."""
        def at(number):
            x, y = self.places[number]
            return (corner[0] + (x - middle[0] + half[0]) * scale,
                    corner[1] + (middle[1] + half[1] - y) * scale)

        width, height = 2 * half[0] * scale, 2 * half[1] * scale
        self.lines.append(f'<svg x="{corner[0]}" y="{corner[1]}" width="{width:g}" height="{height:g}" '
                          f'viewBox="{corner[0]} {corner[1]} {width:g} {height:g}">')
        small = scale < 60
        for k, group in enumerate(self.set.groups):
            points = " ".join("{:.1f},{:.1f}".format(*at(number)) for number in group.points)
            kind = "polygon" if group.closed else "polyline"
            self.lines.append(f'<{kind} points="{points}" fill="none" stroke-width="1.5" '
                              f'stroke="{COLOURS[k % len(COLOURS)]}"/>')
        for number in range(self.set.count):
            x, y = at(number)
            self.lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{1.6 if small else 2.5}"/>')
            self.lines.append(f'<text x="{x + 2:.1f}" y="{y - 2:.1f}" '
                              f'font-size="{6.5 if small else 11}">{number}</text>')
        self.lines.append("</svg>")

    def legend(self, x, y):
        for k, group in enumerate(self.set.groups):
            row, column = divmod(k, 3)
            numbers = f"{min(group.points)}-{max(group.points)}" if len(group.points) > 1 else str(
                group.points[0])
            self.lines.append(f'<text x="{x + 185 * column}" y="{y + 18 * row}" font-size="12" '
                              f'style="fill:{COLOURS[k % len(COLOURS)]}">{group.name} {numbers}</text>')

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1260 860" '
                       'font-family="sans-serif">\n<style>text{fill:#444}circle{fill:#111}</style>\n'
                       '<rect width="1260" height="860" fill="#fff"/>\n')
            file.write("\n".join(self.lines) + "\n</svg>\n")


def places_of(rig):
    """x, y of all points on the neutral head that looks ahead, centimetres."""
    irises = rig.iris_places(rig.neutral, np.zeros((2, 2)), IRIS_RADIUS)
    return np.concatenate([rig.neutral[rig.dense], irises])[:, :2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rig", required=True)
    parser.add_argument("--socket", help="mocapd's; default: as for other clients")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    with mocap.connect(options.socket) as client:
        point_set = client.server.dense
    places = places_of(Rig(options.rig))
    if point_set is None or point_set.count != len(places):
        raise SystemExit(f"the model of mocapd must have the rig's {len(places)} dense points")
    drawing = Drawing(places, point_set)
    for panel in PANELS:
        drawing.panel(*panel)
    drawing.legend(705, 755)
    drawing.write(options.output)


if __name__ == "__main__":
    main()
