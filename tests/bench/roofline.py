#!/usr/bin/env python3
"""Draws networks' operators under the roofline of one core.

    tests/bench/roofline.py MOCAP_LAB OUT.svg NETWORK[:SIZE[:PRECISION]] ...

Runs `mocap-lab bench net --profile --json` for each network. A dot is one kind of operator of
one network: its arithmetic intensity (operations per byte of maps and weights that it reads
and writes) and its speed; its area is its share of the network's time. The roof is the
core's peak, measured in between, and the slope the most bytes per second that any operator
moved. Needs Python 3.9 and nothing else. Measure on an idle machine.
"""
import json
import math
import subprocess
import sys

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 900, 520, 70, 30, 60
X_RANGE, Y_RANGE = (0.5, 200), (10, 1200)  # operations per byte, GFLOP/s
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#8b5fbf", "#c77700", "#00798c", "#6b705c", "#b5179e")
INT8_PEAK = 4  # times float32's: four products per lane


def measure(lab, spec):
    """The report of a network, and its kinds of operators: name, operations, bytes, us."""
    arch, size, precision = (spec.split(":") + ["64", "f32"][spec.count(":"):])[:3]
    command = [lab, "bench", "net", "--arch", arch, "--size", size, "--precision", precision,
               "--seconds", "1", "--profile", "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    kinds = {}
    for step in report["steps"]:
        words = [word for word in step["work"].split() if not word.startswith(("+", "d"))
                 or word == "depthwise"]
        kind = kinds.setdefault(" ".join(words), [0, 0, 0])
        for i, number in enumerate((2 * step["macs"], step["bytes"], step["us"])):
            kind[i] += number
    return report, [(name, *numbers) for name, numbers in kinds.items() if numbers[2] > 0]


def scale(value, span, low, high):
    part = (math.log(value) - math.log(span[0])) / (math.log(span[1]) - math.log(span[0]))
    return low + (high - low) * min(max(part, 0), 1)


def x_of(intensity):
    return scale(intensity, X_RANGE, LEFT, WIDTH - 20)


def y_of(gflops):
    return scale(gflops, Y_RANGE, HEIGHT - BOTTOM, TOP)


def text(x, y, words, anchor="middle", colour="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def axes():
    out = []
    for value in (1, 10, 100):
        x = x_of(value)
        out.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        out.append(text(x, HEIGHT - BOTTOM + 18, f"{value:g}"))
    for value in (10, 100, 1000):
        y = y_of(value)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 20}" stroke="#ddd"/>')
        out.append(text(LEFT - 8, y + 4, f"{value:g}", "end"))
    out.append(text((LEFT + WIDTH) / 2, HEIGHT - 22, "operations per byte"))
    out.append(text(LEFT, TOP - 12, "GFLOP/s", "end"))
    return out


def roof(peak, bandwidth, words):
    """The slope up to the peak, and on along it."""
    knee = peak / bandwidth
    start = max(X_RANGE[0], Y_RANGE[0] / bandwidth)
    points = [(start, start * bandwidth), (knee, peak), (X_RANGE[1], peak)]
    path = "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y in points)
    return [f'<path d="M{path}" fill="none" stroke="#555" stroke-width="1.5"/>',
            text(WIDTH - 24, y_of(peak) - 6, f"{words}: {peak:.0f} GFLOP/s", "end")]


def label_place(taken, x, y):
    """The place next below (x, y) where no label is yet."""
    while any(abs(x - other[0]) < 70 and abs(y - other[1]) < 13 for other in taken):
        y += 13
    taken.append((x, y))
    return x, y


def dots(report, kinds, colour, taken):
    out, total = [], sum(us for _, _, _, us in kinds)
    for name, operations, size, us in kinds:
        share, intensity, gflops = us / total, operations / size, operations / us / 1e3
        if share < 0.02 or operations == 0:
            continue
        x, y = x_of(intensity), y_of(gflops)
        title = (f"{report['arch']} {report['precision']}, {name}: {100 * share:.0f} % of the time, "
                 f"{intensity:.1f} operations per byte, {gflops:.0f} GFLOP/s")
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 + 22 * math.sqrt(share):.1f}" '
                   f'fill="{colour}" fill-opacity="0.45" stroke="{colour}"><title>{title}</title></circle>')
        if share > 0.12:
            out.append(text(*label_place(taken, x, y + 4), name, colour=colour))
    return out


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__.split("\n\n")[1].strip())
    lab, out, *specs = sys.argv[1:]
    measured = [measure(lab, spec) for spec in specs]
    peak = max(report["peak_gflops"] for report, _ in measured)
    bandwidth = max(size / us / 1e3 for _, kinds in measured for _, _, size, us in kinds)
    body = axes() + roof(peak, bandwidth, "float32")
    if any(report["precision"] == "int8" for report, _ in measured):
        body += roof(INT8_PEAK * peak, bandwidth, "int8")
    taken = []
    for i, (report, kinds) in enumerate(measured):
        colour = COLOURS[i % len(COLOURS)]
        body += dots(report, kinds, colour, taken)
        label = (f"{report['arch']} {report['width']}, {report['precision']}: "
                 f"{report['median_ms']:.2f} ms, {report['gflops']:.0f} GFLOP/s")
        body.append(text(LEFT + 10, TOP + 16 + 17 * i, label, "start", colour))
    with open(out, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                   'font-family="sans-serif" font-size="12">\n'
                   f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n')
        file.write("\n".join(body) + "\n</svg>\n")


if __name__ == "__main__":
    main()
