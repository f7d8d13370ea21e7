#!/usr/bin/env python3
"""mocapd's convolutions against those of XNNPACK: float32, one thread.

    tests/bench/xnnpack.py MOCAP_LAB [NETWORK[:SIZE] ...]

XNNPACK loads no model files, so only its operators can be compared: each convolution of a network
alone, in the cache, the median of many short batches. Ours are the steps of
`mocap-lab bench net --profile`, which also add residuals, shuffle channels and fill the borders of
the next map; XNNPACK would need operators of their own for that, which are not counted. Sums are
those of all convolutions of the network. Needs gcc, libxnnpack-dev and libpthreadpool-dev. Measure
on an idle machine.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 3
WORK = re.compile(r"^(conv|depthwise) (\d+)x(\d+)(?: s(\d+))?(?: d(\d+))?(?: to 1)?(?: |$)")
MAP = re.compile(r"^(\d+)x(\d+)x(\d+) > ")


def build(folder):
    program = os.path.join(folder, "bench_xnnpack")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench_xnnpack.c")
    subprocess.run(["gcc", "-O2", "-o", program, source, "-lXNNPACK", "-lm"], check=True)
    return program


def profile(lab, network, size):
    """-> our convolutions: how XNNPACK is asked for each, microseconds"""
    report = json.loads(subprocess.run(
        [lab, "bench", "net", "--arch", network, "--size", size, "--precision", "f32",
         "--seconds", "1", "--profile", "--json"], check=True, capture_output=True).stdout)
    found = []
    for step in report["steps"]:
        work, sizes = WORK.match(step["work"]), MAP.match(step["map"])
        if work is None or sizes is None:
            continue
        kind, rows, columns, stride, dilation = work.groups()
        height, width, inputs = map(int, sizes.groups()[:3])
        rows, columns, stride, dilation = (int(value or 1) for value in (rows, columns, stride,
                                                                         dilation))
        single = kind == "depthwise"
        # The map may have more channels than the convolution writes.
        places = -(-height // stride) * -(-width // stride)
        outputs = round(step["macs"] / (rows * columns * (1 if single else inputs) * places))
        found.append((f"{height} {width} {inputs} {outputs} {rows} {columns} {stride} {dilation} "
                      f"{int(single)}", step["us"]))
    return found


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    lab = sys.argv[1]
    print("| network | convolutions | mocapd, us | XNNPACK, us | faster |\n"
          "| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        for spec in sys.argv[2:] or ["lednet:64", "lednet:128", "lednet:256"]:
            network, size = (spec + ":64").split(":")[:2]
            ours, theirs = [], []
            for _ in range(ROUNDS):
                steps = profile(lab, network, size)
                ours.append(sum(time for _, time in steps))
                times = subprocess.run([program], input="\n".join(line for line, _ in steps),
                                       check=True, capture_output=True, text=True).stdout.split()
                theirs.append(sum(map(float, times)))
            a, b = statistics.median(ours), statistics.median(theirs)
            print(f"| {network} {size}x{size} | {len(steps)} | {a:.0f} | {b:.0f} | {b / a:.2f} |",
                  flush=True)


if __name__ == "__main__":
    main()
