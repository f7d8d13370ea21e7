"""What track.sh measures: see there.

    track.py SOURCE BUILD [-o OUT.json] [PART ...]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile

ROUNDS = 5  # of things that are measured in turn
FRAMES = 300
SIZES = ("1280x720", "640x480")
SHIPPED = ("face", "face-locator", "expression")


def output(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.+)$", file.read(), re.M)
    return found.group(1) if found else os.uname().machine


def cpu_seconds(*words):
    """The processor time of a command, its threads and its children."""
    before = os.times()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user +
            after.children_system - before.children_system)


def against_onnxruntime(source, build, precision, chosen):
    """Times of ONNX Runtime over ours, the same weights, one thread."""
    rows = {}
    for networks, sizes in chosen:
        text = output(f"{source}/tests/bench/compare.sh", build, "20",
                      env={**os.environ, "PRECISION": precision, "NETWORKS": networks,
                           "SIZES": sizes})
        for name, size, ratio in re.findall(r"^(\S+) +(\d+x\d+) .* ([\d.]+)x \(", text, re.M):
            rows[f"{name} {size}"] = float(ratio)
    return rows


def of_precision(source, build):
    """Times of float32 over those of the precision that mocapd takes here."""
    def median_ms(name, precision):
        report = json.loads(output(
            f"{build}/bin/mocap-lab", "bench", "net", "--json", "--seconds", "1", "--precision",
            precision, "--model", f"{source}/models/{name}.safetensors"))
        return report["median_ms"], report["precision"]
    rows = {}
    for name in SHIPPED:
        ratios = []
        for _ in range(ROUNDS):
            taken, precision = median_ms(name, "auto")
            ratios.append(median_ms(name, "f32")[0] / taken)
        rows[name] = {"precision": precision, "f32_over_it": round(statistics.median(ratios), 2)}
    return rows


def of_program(build, folder):
    """Processor time of mocapd over that of ffmpeg, which only decodes, on one clip of a face."""
    rows = {}
    for size in SIZES:
        clip = f"{folder}/{size}.mp4"
        output(f"{build}/bin/synthface", "--frames", str(FRAMES), "--fps", "30", "--size", size,
               "-o", clip)
        ratios = []
        for _ in range(ROUNDS):
            ffmpeg = cpu_seconds("ffmpeg", "-nostdin", "-v", "fatal", "-threads", "1", "-i", clip,
                                 "-an", "-f", "null", "-")
            ours = cpu_seconds(f"{build}/bin/mocapd", "--socket", f"{folder}/socket", "--stream",
                               f"clip={clip}", "--every-frame", "--exit-on-end", "--log-level",
                               "error")
            ratios.append(ours / ffmpeg)
        rows[size] = round(statistics.median(ratios), 2)
    return rows


def of_streams(build, folder):
    """How many streams of 640x480 at 30 frames/s one core carries."""
    clip = f"{folder}/streams.mp4"
    output(f"{build}/bin/synthface", "--frames", str(FRAMES), "--fps", "30", "--size", "640x480",
           "-o", clip)
    text = output(f"{build}/bin/mocap-lab", "bench", "streams", clip, "--seconds", "4", "--first",
                  "16")
    return int(re.search(r"^(\d+) streams on 1 core", text, re.M).group(1))


def main():
    parts = ("onnxruntime", "int8", "precision", "program", "streams")
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("source")
    parser.add_argument("build")
    parser.add_argument("-o", "--output")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    options = parser.parse_intermixed_args()
    chosen = options.parts or parts
    if not set(chosen) <= set(parts):
        parser.error(f"PART must be one of {', '.join(parts)}")
    path = options.output or f"{options.source}/docs/track.json"
    report = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    if report.get("processor") != processor():
        report = {"processor": processor()}  # ratios of another one are no part of it
    with tempfile.TemporaryDirectory() as folder:
        if "onnxruntime" in chosen:
            report["onnxruntime_over_ours"] = against_onnxruntime(
                options.source, options.build, "f32", [("lednet", "64 128 256"), ("all", "64")])
        if "int8" in chosen:
            report["onnxruntime_over_ours_int8"] = against_onnxruntime(
                options.source, options.build, "int8", [("all", "64 128 256")])
        if "precision" in chosen:
            report["precision"] = of_precision(options.source, options.build)
        if "program" in chosen:
            report["mocapd_over_ffmpeg_decoding"] = of_program(options.build, folder)
        if "streams" in chosen:
            report["streams_640x480_30_per_core"] = of_streams(options.build, folder)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
