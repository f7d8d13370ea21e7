#!/usr/bin/env python3
"""mocapctl overlay on rendered faces: what it draws, and where.

    check_overlay.py MOCAPCTL SYNTHFACE
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

GUARD_S = 120  # only a test that fails waits that long
FRAMES, WIDTH, HEIGHT = 12, 320, 240
# A model without dense points.
FACE68 = os.path.join(os.path.dirname(__file__), "..", "..", "models", "face68.safetensors")


def check(good, what):
    if not good:
        raise AssertionError(what)


def unfilter(kind, row, above):
    """One row of a PNG, as its filter left it (PNG specification, 9.2); RGB."""
    for i, value in enumerate(row):
        left = row[i - 3] if i >= 3 else 0
        up, corner = above[i], above[i - 3] if i >= 3 else 0
        if kind == 4:
            near = left + up - corner
            guess = min((left, up, corner), key=lambda c, near=near: abs(near - c))
        else:
            guess = (0, left, up, (left + up) // 2)[kind]
        row[i] = (value + guess) & 255
    return row


def read_png(path):
    """Width, height, and rows of RGB bytes."""
    with open(path, "rb") as file:
        data = file.read()
    check(data[:8] == b"\x89PNG\r\n\x1a\n", path)
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
            check((depth, colour) == (8, 2), "8-bit RGB")
        packed += body if kind == b"IDAT" else b""
        at += length + 12
    raw, rows, above = zlib.decompress(packed), [], bytes(3 * width)
    for y in range(height):
        start = y * (3 * width + 1)
        above = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + 3 * width]), above)
        rows.append(above)
    return width, height, rows


def drawn_at(before, after):
    """The pixels that differ: a set of x, y."""
    return {(i // 3, y) for y, (a, b) in enumerate(zip(before, after)) if a != b
            for i in range(len(a)) if a[i] != b[i]}


def yellow_in(rows):
    """How many pixels are as yellow as lines of sight."""
    return sum(row[i] > 200 and row[i + 1] > 160 and row[i + 2] < 110
               for row in rows for i in range(0, len(row), 3))


def around(rows, points, margin=4):
    """The part of the rows that shows these points."""
    left, right = (int(f(x for x, _ in points)) for f in (min, max))
    top, bottom = (int(f(y for _, y in points)) for f in (min, max))
    return [row[3 * (left - margin):3 * (right + margin)]
            for row in rows[top - margin:bottom + margin]]


class Overlay:
    def __init__(self, program, synthface, folder):
        self.program, self.synthface, self.folder = program, synthface, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words, status=0):
        ended = subprocess.run([self.program, "overlay", *words], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=GUARD_S, check=False)
        check(ended.returncode == status, (words, ended))
        return ended.stderr

    def render(self, name, *words):
        path = self.path(name)
        subprocess.run([self.synthface, "-o", path, "--size", f"{WIDTH}x{HEIGHT}", *words],
                       check=True, timeout=GUARD_S)
        return path


def check_drawing(overlay):
    """Only the face is drawn on: its box, and its points where they are."""
    truth = overlay.path("truth")
    still = overlay.render("raw.png", "--frames", "1", "--still", "--landmarks", truth)
    with open(truth, encoding="utf-8") as file:
        points = json.loads(file.read())["points"]
    told = overlay.run(still, overlay.path("out.png"))
    check("out.png: 1 frames, a face in 1 of them" in told, told)
    width, height, before = read_png(still)
    check((width, height) == (WIDTH, HEIGHT), (width, height))
    after = read_png(overlay.path("out.png"))
    check(after[:2] == (WIDTH, HEIGHT), after[:2])
    drawn = drawn_at(before, after[2])
    hit = sum(any((int(x) + i, int(y) + j) in drawn for i in range(-3, 4) for j in range(-3, 4))
              for x, y in points)
    check(hit >= 60, f"{hit} of 68 landmarks are drawn")
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    margin = 0.25 * (right - left)
    check(all(left - margin < x < right + margin and top - margin < y < bottom + margin
              for x, y in drawn), "something is drawn far from the face")
    overlay.run(still, overlay.path("pose.png"), "--pose")
    check(drawn_at(after[2], read_png(overlay.path("pose.png"))[2]), "--pose draws axes")


def check_whole_face(overlay):
    """Dense points and gaze, as the models that ship give them; refused with those that do not."""
    still, out = overlay.path("raw.png"), overlay.path("whole.png")
    told = overlay.run(still, out, "--dense", "--model", FACE68, status=1)
    check("--dense needs a --model" in told and not os.path.exists(out), told)
    with open(overlay.path("truth"), encoding="utf-8") as file:
        points = json.loads(file.read())["points"]
    before, drawn = read_png(still)[2], {}
    for words in (("--dense",), ("--dense", "--gaze")):
        overlay.run(still, out, *words)
        drawn[len(words)] = drawn_at(before, read_png(out)[2])
    # The lids' rims and the lips are among the dense points.
    for first, last in ((36, 41), (42, 47), (48, 59)):
        hit = sum(any((int(x) + i, int(y) + j) in drawn[1] for i in range(-4, 5)
                      for j in range(-4, 5)) for x, y in points[first:last + 1])
        check(hit >= (last - first) * 0.8, f"{hit} landmarks {first} to {last} are near dense points")
    check(drawn[2] > drawn[1], "--gaze draws lines of sight")
    overlay.run(still, out, "--gaze")
    after = read_png(out)[2]
    check(yellow_in(before) == 0, "nothing else is yellow")
    for eye in (points[36:42], points[42:48]):  # the face looks ahead: the lines are short
        check(yellow_in(around(after, eye)) > 0, "each eye has a line of sight")


def check_cut_face(overlay):
    """A face that slides out of the frame: an eye outside is no fault, the other still looks."""
    clip = overlay.render("still.mp4", "--frames", str(FRAMES), "--still")
    slides = f"lavfi:movie={clip},crop=140:{HEIGHT}:x=100+6*n:y=0"
    told = overlay.run(slides, overlay.path("cut.png"), "--gaze", "--frame", str(FRAMES - 1))
    check(f"a face in {FRAMES} of them" in told and "outside" not in told, told)
    check(yellow_in(read_png(overlay.path("cut.png"))[2]) > 0, "lines of sight")


def check_clip(overlay):
    clip = overlay.render("clip.mp4", "--frames", str(FRAMES))
    video = overlay.path("video.mp4")
    told = overlay.run(clip, video, "--max-faces", "2")
    check(f"{FRAMES} frames, a face in {FRAMES} of them" in told, told)
    # The video can be read, and has every frame.
    told = overlay.run(video, overlay.path("last.png"), "--frame", str(FRAMES - 1))
    check(f"{FRAMES} frames" in told, told)
    check(read_png(overlay.path("last.png"))[:2] == (WIDTH, HEIGHT), "size")
    told = overlay.run(clip, overlay.path("no.png"), "--frame", str(FRAMES), status=1)
    check(f"has {FRAMES} frames, no frame {FRAMES}" in told, told)
    check(not os.path.exists(overlay.path("no.png")), "a file without a frame")
    told = overlay.run(clip, overlay.path("r.png"), "--region", "80,40,160,160")
    check(f"{FRAMES} frames, a face in" in told, told)


def check_refusals(overlay):
    clip = overlay.path("clip.mp4")
    size = os.path.getsize(clip)
    for words, wanted in (
            ([clip], "missing argument OUT"),
            ([clip, clip], "would overwrite the clip"),
            ([clip, "a.mp4", "--frame", "1"], "OUT must end in .png with --frame, got 'a.mp4'"),
            ([clip, "a.mp4", "--frame", "99999999999999999999"], "--frame must be a whole number"),
            ([clip, "a.mp4", "--max-faces", "5"],
             "--max-faces must be a whole number from 1 to 4, got '5'"),
            ([clip, "a.mp4", "--region", "0,0,nan,5"], "--region must be 4 numbers"),
            ([clip, "a.mp4", "--region", "0,0,0,5"], "--region must be at least 1 pixel wide")):
        told = overlay.run(*words, status=2)
        check(wanted in told, (words, told))
    check(os.path.getsize(clip) == size and not os.path.exists("a.mp4"), "a file was written")
    check("absent.mp4" in overlay.run(overlay.path("absent.mp4"), overlay.path("b.mp4"), status=1),
          "an absent clip is named")


def main():
    folder = tempfile.mkdtemp(prefix="mocapd-overlay-")
    overlay = Overlay(*sys.argv[1:3], folder)
    try:
        check_drawing(overlay)
        check_whole_face(overlay)
        check_cut_face(overlay)
        check_clip(overlay)
        check_refusals(overlay)
    finally:
        shutil.rmtree(folder)
    print("overlay draws faces where they are")


if __name__ == "__main__":
    main()
