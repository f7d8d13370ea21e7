#!/usr/bin/env python3
"""mocap-lab, each command run for real, but short: what it prints can be true.

    check_lab.py MOCAP_LAB SYNTHFACE MODELS synthetic|clips

MODELS is the folder of the weight files that ship. Checks the commands that need no input, or
those that read clips and images.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

GUARD_S = 900  # only a test that fails waits that long
FRAMES = 45  # of a clip; bench motion must see more than 40 faces


def check(good, what):
    if not good:
        raise AssertionError(what)


class Lab:
    def __init__(self, program, synthface, models, folder):
        self.program, self.synthface, self.models = program, synthface, models
        self.folder = folder

    def run(self, *words, status=0):
        """The output of a command that ends with this status; its complaints when it fails."""
        ended = subprocess.run([self.program, *words], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=GUARD_S, check=False)
        check(ended.returncode == status, (words, ended))
        return ended.stdout if status == 0 else ended.stderr

    def path(self, name):
        return os.path.join(self.folder, name)

    def model(self, name="face68"):
        return os.path.join(self.models, f"{name}.safetensors")

    def render(self, name, *words):
        path = self.path(name)
        subprocess.run([self.synthface, "-o", path, "--size", "320x240", *words], check=True,
                       timeout=GUARD_S)
        return path


def number(pattern, text):
    """The number that the pattern's group holds."""
    found = re.search(pattern, text)
    check(found is not None, f"no {pattern!r} in:\n{text}")
    return float(found.group(1))


def check_net(lab):
    report = json.loads(lab.run("bench", "net", "--size", "64", "--runs", "3", "--json",
                                "--profile", "--threads", "2"))
    check((report["arch"], report["width"], report["runs"], report["threads"]) ==
          ("lednet", 64, 3, 2), report)
    check(0 < report["min_ms"] <= report["median_ms"] <= report["p90_ms"], report)
    check(sum(step["macs"] for step in report["steps"]) > 0.9 * report["macs"], report)
    text = lab.run("bench", "net", "--model", lab.model(), "--runs", "1")
    check(number(r"forward pass +([\d.]+) ms median", text) > 0, text)
    check("lednet, 128 x 128, f32" in text, text)
    told = lab.run("bench", "net", "--model", lab.model(), "--size", "64", status=2)
    check("--model cannot be combined with --arch or --size" in told, told)
    told = lab.run("bench", "net", "--precision", "f64", status=2)
    check("--precision must be f32, bf16, int8 or auto, got 'f64'" in told, told)
    for option, most in (("--seconds", 3600), ("--runs", 1000000), ("--threads", 16),
                         ("--size", 4096)):
        told = lab.run("bench", "net", option, "1000000000000", status=2)
        check(f"{option} must be a whole number from 1 to {most}" in told, told)


def check_kernels(lab):
    rows = json.loads(lab.run("bench", "kernels", "--arch", "edanet", "--size", "32", "--runs",
                              "1", "--json"))
    check(len(rows) > 3 and all(row["scalar"]["us"] > 0 for row in rows), rows)
    text = lab.run("bench", "kernels", "--arch", "edanet", "--size", "32", "--runs", "1")
    check("conv 3x3" in text and "scalar" in text.splitlines()[0], text)


def check_blocks(lab):
    rows = json.loads(lab.run("bench", "blocks", "--size", "32", "--runs", "1", "--json"))
    check(len({row["block"] for row in rows}) == len(rows) >= 8, rows)
    check(all(len(row["stages"]) == 3 and all(stage["us"] > 0 for stage in row["stages"])
              for row in rows), rows)
    text = lab.run("bench", "blocks", "--size", "32", "--runs", "1")
    check(len(text.splitlines()) == len(rows) + 2 and "8x8x32" not in text, text)
    told = lab.run("bench", "blocks", "--size", "33", status=2)
    check("--size must be a multiple of 8, got 33" in told, told)


def check_motion(lab):
    still = lab.render("still.mp4", "--still", "--frames", str(FRAMES))
    fast = lab.render("fast.mp4", "--frames", str(FRAMES))
    text = lab.run("bench", "motion", still, fast)
    off = [float(value) for value in re.search(r"^off +(.*)$", text, re.M).group(1).split()]
    chosen = re.search(r"^.*\(default\) +(.*)$", text, re.M).group(1).split()
    check(f"still: {still}, {FRAMES} frames; fast: {fast}, {FRAMES} frames" in text, text)
    check(off[2:] == [0, 0, 0], text)  # nothing lags without smoothing
    check(float(chosen[1]) < off[1] and off[1] > off[0], text)  # it smooths; the fast clip moves
    check(number(r"us a face: p50 ([\d.]+)", text) > 0, text)
    check("missing argument FAST" in lab.run("bench", "motion", still, status=2), "one clip")
    check(lab.run("bench", "motion", still, lab.path("absent.mp4"), status=1) != "", "no clip")


def check_subscribers(lab):
    text = lab.run("bench", "subscribers", "--readers", "3", "--abusive-clients", "2", "--seconds",
                   "1", "--rounds", "1", "--encoding", "json")
    first = text.splitlines()[0]
    check(first.startswith("3 subscribers, 60 records/s, json: "), text)
    check(number(r"; (\d+) records, \d+ missed", first) > 0, text)
    check(len(re.findall(r"^beside +\d+ .* p99 [\d.]+ ms", text, re.M)) == 8, text)
    told = lab.run("bench", "subscribers", "--readers", "1001", status=2)
    check("--readers must be a whole number from 1 to 1000, got '1001'" in told, told)


def make_set(lab):
    """Three labelled faces, as compare --set reads them."""
    folder = lab.path("set")
    os.mkdir(folder)
    labels = []
    for seed in "123":
        lines = lab.path("landmarks")
        lab.render(f"set/{seed}.png", "--frames", "1", "--still", "--seed", seed, "--landmarks",
                   lines)
        with open(lines, encoding="utf-8") as file:
            labels.append({"file": f"{seed}.png", "points": json.loads(file.read())["points"]})
    with open(os.path.join(folder, "labels.json"), "w", encoding="utf-8") as file:
        json.dump(labels, file)
    return folder


def check_compare(lab):
    rows = json.loads(lab.run("compare", "lednet", "edanet", "--size", "64", "--runs", "2",
                              "--json"))
    check([row["model"] for row in rows] == ["lednet", "edanet"], rows)
    check(all(row["ms"] > 0 and row["macs"] > 0 and row["file_bytes"] is None and
              row["error_percent"] is None for row in rows), rows)
    chart = lab.path("chart.svg")
    text = lab.run("compare", lab.model(), "edanet", "--runs", "1", "--set", make_set(lab),
                   "--markdown", "--svg", chart)
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    error = lines[0].index("error %")
    check(len(lines) == 4 and lines[2][0] == "face68", text)
    # The trained one finds the faces, the one with random weights does not.
    check(0 < float(lines[2][error]) < 6, text)
    check(lines[3][error] == "-" or float(lines[3][error]) > 20, text)
    check(xml.etree.ElementTree.parse(chart).getroot().tag.endswith("svg"), chart)
    text = lab.run("compare", "lrdnet", "--runs", "1")
    check(text.splitlines()[1].split()[0] == "lrdnet", text)
    check("--teacher requires --set" in lab.run("compare", "--teacher", "x", status=2), "teacher")
    told = lab.run("compare", "--size", "1e9", status=2)
    check("--size must be a whole number from 32 to 4096, got '1e9'" in told, told)
    check("absent" in lab.run("compare", "absent", status=1), "absent")


def check_model(lab):
    text = lab.run("model", "info", lab.model(), "--plan")
    check(number(r"parameters +(\d+)", text) > 1e5, text)
    plan = text.split("\nplan, with ")[1].splitlines()
    total = plan[-1].split()
    check(total[0] == "all" and len(plan) > 20, text)
    check(sum(int(line.split()[-3]) for line in plan[2:-1]) == int(total[1]), text)
    check("plan, with" not in lab.run("model", "info", lab.model()), "--plan was not given")
    clip, small = lab.path("still.mp4"), lab.path("int8.safetensors")
    text = lab.run("model", "quantize", lab.model(), "--calibrate", clip, "-o", small)
    faces, moved = re.search(r"^ +(\d+) +([\d.]+) %  ", text, re.M).groups()
    check(int(faces) == FRAMES and 0 < float(moved) < 2, text)
    check("int8" in lab.run("bench", "net", "--model", small, "--precision", "int8", "--runs", "1"),
          "int8 runs")
    told = lab.run("model", "quantize", lab.model(), "-o", small, status=2)
    check("missing option --calibrate" in told, told)


CHECKS = {"synthetic": (check_net, check_kernels, check_blocks, check_subscribers),
          "clips": (check_motion, check_model, check_compare)}


def main():
    folder = tempfile.mkdtemp(prefix="mocapd-lab-")
    lab = Lab(*sys.argv[1:4], folder)
    try:
        for each in CHECKS[sys.argv[4]]:
            each(lab)
            print(f"{each.__name__[6:]} passed", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
