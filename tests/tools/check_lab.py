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
import struct
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
    check(re.match(r"network +lednet, 128 x 128, (f32|bf16|int8), ", text), text)
    text = lab.run("bench", "net", "--model", lab.model(), "--precision", "bf16", "--runs", "1")
    check("lednet, 128 x 128, bf16" in text, text)
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


def check_info(lab):
    text = lab.run("model", "info", lab.model())
    check(re.search(r"^license +research use only", text, re.M), text)


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
    check(lines[2][0] == "face68", text)
    # The trained one finds the faces, the one with random weights does not.
    check(0 < float(lines[2][error]) < 6, text)
    check(lines[3][error] == "-" or float(lines[3][error]) > 20, text)
    check(xml.etree.ElementTree.parse(chart).getroot().tag.endswith("svg"), chart)
    check_int8(lab)
    text = lab.run("compare", "lrdnet", "--runs", "1")
    check(text.splitlines()[1].split()[0] == "lrdnet", text)
    check("--teacher requires --set" in lab.run("compare", "--teacher", "x", status=2), "teacher")
    told = lab.run("compare", "--size", "1e9", status=2)
    check("--size must be a whole number from 32 to 4096, got '1e9'" in told, told)
    check("absent" in lab.run("compare", "absent", status=1), "absent")


def check_int8(lab):
    """Each model in both precisions, and which of them are worth their time."""
    labelled, one, chart = lab.path("set"), lab.path("labelled.safetensors"), lab.path("int8.svg")
    lab.run("model", "calibrate", lab.model(), "--set", labelled, "-o", one)
    rows = json.loads(lab.run("compare", one, "edanet", "--int8", "--runs", "3", "--set", labelled,
                              "--json", "--svg", chart))
    check([row["precision"] for row in rows] == ["f32", "int8"] * 2, rows)
    check([row["model"] for row in rows[:2]] == ["labelled", "labelled-int8"], rows)
    check(abs(rows[1]["error_percent"] - rows[0]["error_percent"]) < 1, rows)
    best = sorted((row for row in rows if row["front"]), key=lambda row: row["ms"])
    check(best and all(a["error_percent"] > b["error_percent"] for a, b in zip(best, best[1:])) and
          all(any(b["ms"] <= row["ms"] and b["error_percent"] <= row["error_percent"] for b in best)
              for row in rows), rows)
    points = [e for e in xml.etree.ElementTree.parse(chart).iter() if e.tag.endswith("circle")]
    check(len(points) == 2 + len(rows), points)  # two of the legend
    text = lab.run("compare", one, "--int8", "--runs", "3", "--set", labelled)
    check(re.search(r"^within ms +take +error %$", text, re.M), text)
    plain = lab.path("without.safetensors")
    strip_calibration(lab.model(), plain)
    rows = json.loads(lab.run("compare", plain, "--int8", "--runs", "1", "--json"))
    check([row["precision"] for row in rows] == ["f32"], rows)


def check_model(lab):
    text = lab.run("model", "info", lab.model(), "--plan")
    check(number(r"parameters +(\d+)", text) > 1e5, text)
    plan = text.split("\nplan, with ")[1].splitlines()
    total = plan[-1].split()
    check(total[0] == "all" and len(plan) > 20, text)
    check(sum(int(line.split()[-3]) for line in plan[2:-1]) == int(total[1]), text)
    check("plan, with" not in lab.run("model", "info", lab.model()), "--plan was not given")
    check_calibrated(lab)


def check_calibrated(lab):
    """One file for every precision; what auto takes depends on the processor."""
    clip, one = lab.path("few.mp4"), lab.path("calibrated.safetensors")
    lab.render("few.mp4", "--still", "--frames", "8")
    text = lab.run("model", "calibrate", lab.model(), "--images", clip, "-o", one)
    for precision in ("bf16", "int8"):
        moved = number(rf"(?m)^{precision} +deviates by ([\d.]+) % of the outer-eye distance", text)
        check(0 < moved < 2, text)
    check(number(r"(?m)^ranges of (\d+) feature maps", text) > 50, text)
    again = lab.path("again.safetensors")
    lab.run("model", "calibrate", one, "--images", clip, "-o", again)
    with open(one, "rb") as first, open(again, "rb") as second:
        check(first.read() == second.read(), "the same images give the same file")
    text = lab.run("model", "info", one)
    check(re.search(r"^ranges +of \d+ feature maps", text, re.M), text)
    check(re.search(r"^precision +(f32|bf16|int8): what auto takes", text, re.M), text)
    for precision in ("f32", "bf16", "int8"):
        text = lab.run("bench", "net", "--model", one, "--precision", precision, "--runs", "1")
        check(f" {precision}, " in text.splitlines()[0], text)
    plain = lab.path("plain.safetensors")
    strip_calibration(lab.model(), plain)
    told = lab.run("bench", "net", "--model", plain, "--precision", "int8", "--runs", "1", status=1)
    check("int8: must have activation ranges, got none" in told, told)
    check(" f32, " in lab.run("bench", "net", "--model", plain, "--runs", "1"), "auto")
    told = lab.run("model", "calibrate", lab.model(), "-o", one, status=2)
    check("missing option --images or --set" in told, told)
    lab.render("blank.png", "--frames", "1", "--still", "--size", "64x48")
    told = lab.run("model", "calibrate", lab.model(), "--images", lab.path("blank.png"), "-o", one,
                   status=1)
    check("the images must show faces" in told, told)


def strip_calibration(source, target):
    """A copy without the metadata of calibrate."""
    with open(source, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header["__metadata__"] = {key: value for key, value in header["__metadata__"].items()
                              if not key.startswith(("mocap.ranges", "mocap.deviation"))}
    text = json.dumps(header).encode()
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def make_heads(lab):
    """A drawn face of two people each, and what would be true of them."""
    folder = lab.path("heads")
    os.mkdir(folder)
    truth = []
    for person in (1, 2):
        for case, shapes in (("neutral", {}), ("jawOpen", {"jawOpen": 1}), ("gaze 10 0", {}),
                             ("head yaw 0", {})):
            file = f"{person}-{case.replace(' ', '_')}.png"
            lab.render(f"heads/{file}", "--frames", "1", "--still", "--seed", str(person))
            gaze = [[10, 0], [10, 0]] if case == "gaze 10 0" else [[0, 0], [0, 0]]
            truth.append({"file": file, "person": person, "case": case, "size": [320, 240],
                          "shapes": shapes, "gaze": gaze, "euler": [0, 0, 0], "fov": 60})
    return folder, truth


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)


def check_shapes_report(lab, folder, truth):
    other, report, matrix = lab.path("other.json"), lab.path("shapes.json"), lab.path("m.png")
    answers = {row["file"]: {"shapes": {"jawOpen": 0.1, "mouthPucker": 0.2}, "euler": [0, 6, 0],
                             "gaze": [[4, 1], [6, -1]]} for row in truth}
    answers["1-jawOpen.png"]["shapes"] = {"jawOpen": 0.7, "mouthPucker": 0.5}
    answers["2-jawOpen.png"] = None
    write_json(other, answers)
    text = lab.run("shapes", folder, "--model", lab.model(), "--other", f"hand made={other}",
                   "--json", report, "--matrix", matrix)
    with open(report, encoding="utf-8") as file:
        own, hand = json.load(file)
    check((own["program"], own["images"], own["faces"]) == ("mocapd", 8, 8), own)
    # All images of a person are one: the network and all behind it say the same of them.
    check(all(abs(case["rise"]["jawOpen"]) < 1e-6 for case in own["cases"]), own)
    check((hand["program"], hand["images"], hand["faces"]) == ("hand made", 8, 7), hand)
    jaw = hand["cases"][0]
    check((jaw["case"], jaw["images"], jaw["used"], jaw["other"]) ==
          ("jawOpen", 2, 1, "mouthPucker"), jaw)
    check(abs(jaw["response"] - 0.6) < 1e-6 and abs(jaw["other_rise"] - 0.3) < 1e-6, jaw)
    check(jaw["rise"]["tongueOut"] is None, jaw)
    near = hand["yaws"][0]
    check(near["looks"] == 2 and near["turns"] == 4, near)
    check([round(value, 3) for value in near["gaze_error"]] == [5, 1], near)
    check([round(value, 3) for value in near["euler_error"]] == [0, 6, 0], near)
    check(re.search(r"^jawOpen +0\.00 .* +0\.60 +mouthPucker 0\.30$", text, re.M) is not None, text)
    with open(matrix, "rb") as file:
        head = file.read(24)
    width, height = (int.from_bytes(head[k:k + 4], "big") for k in (16, 20))
    check(head[:8] == b"\x89PNG\r\n\x1a\n" and width > 52 * 10 and height > 6 * 10, head)
    lines = lab.run("shapes", folder, "--model", lab.model(), "--markdown").splitlines()
    tables = [line for line in lines if line.startswith("|")]
    check(all(line.endswith("|") for line in tables), lines)
    check(sum(line.startswith("| --- |") for line in tables) == 7, lines)


def check_shapes(lab):
    folder, truth = make_heads(lab)
    path = os.path.join(folder, "truth.json")
    told = lab.run("shapes", folder, status=1)
    check("truth.json: No such file or directory" in told, told)
    write_json(path, truth)
    check_shapes_report(lab, folder, truth)

    def refuse(reason, change):
        wrong = [dict(row) for row in truth]
        change(wrong)
        write_json(path, wrong)
        said = lab.run("shapes", folder, status=1)
        check(reason in said and said.count("mocap-lab: ") == 1, said)

    refuse("absent.png", lambda rows: rows[1].update(file="absent.png"))
    refuse("1-neutral.png: must be 64 x 64 pixels as in truth.json, got 320 x 240",
           lambda rows: rows[0].update(size=[64, 64]))
    refuse("entry 1: person 1 must have an image of case neutral", lambda rows: rows.pop(0))
    shutil.copy(path, os.path.join(folder, "truth.png"))  # no image
    refuse("truth.png: ", lambda rows: rows[0].update(file="truth.png"))
    shutil.copy(lab.render("two.mp4", "--frames", "2"), os.path.join(folder, "two.png"))
    refuse("two.png: must be an image, got several frames",
           lambda rows: rows[0].update(file="two.png"))
    told = lab.run("shapes", folder, "--matrix", "m.jpg", status=2)
    check("--matrix must end in .png, got 'm.jpg'" in told, told)
    for wrong in ("x", "=x", "x=", "|=x", "x" * 24 + "=x"):
        told = lab.run("shapes", folder, "--other", wrong, status=2)
        check("--other must be NAME=FILE" in told, told)


CHECKS = {"synthetic": (check_net, check_info, check_kernels, check_blocks, check_subscribers),
          "clips": (check_motion, check_model, check_compare, check_shapes)}


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
