"""What mocapd and MediaPipe see in photographs that anybody may publish, for expression.sh.

    real_faces.py fetch FOLDER                       the photographs, and their list, truth.json
    real_faces.py draw BIN FOLDER ANSWERS OUT.jpg    their overlays; prints shapes as Markdown

The photographs are works of the United States' government, in the public domain; they come from
two of Debian's packages, which apt-get downloads. ANSWERS are MediaPipe's of that FOLDER, by
mediapipe.mjs; the file may be missing.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

FACES = {  # file: its package, its path there, its person, the face's middle and half an edge
    "astronaut.png": ("python3-skimage", "usr/lib/python3/dist-packages/skimage/data/astronaut.png",
                      "Eileen Collins (NASA)", (226, 110, 100)),
    "grace_hopper.jpg": ("python-matplotlib-data",
                         "usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg",
                         "Grace Hopper (U.S. Navy)", (264, 215, 150)),
}
EDGE = 480  # of a drawn face, in pixels
LEAST = 0.2  # a shape is listed that either program gives as much


def fetch(folder):
    os.makedirs(folder, exist_ok=True)
    for file, (package, path, _, _) in FACES.items():
        with tempfile.TemporaryDirectory() as work:
            os.chmod(work, 0o755)
            subprocess.run(["apt-get", "download", package], cwd=work, check=True, stdout=sys.stderr)
            deb = next(name for name in os.listdir(work) if name.endswith(".deb"))
            archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], cwd=work,
                                       stdout=subprocess.PIPE)
            subprocess.run(["tar", "-x", "-C", work, f"./{path}"], stdin=archive.stdout, check=True)
            archive.wait()
            os.replace(os.path.join(work, path), os.path.join(folder, file))
    with open(os.path.join(folder, "truth.json"), "w", encoding="utf-8") as out:
        json.dump([{"file": file} for file in FACES], out)


def record(programs, image):
    """The face of mocapd's only record of an image."""
    with tempfile.TemporaryDirectory() as work:
        socket, recording = f"{work}/socket", f"{work}/recording"
        daemon = subprocess.Popen([f"{programs}/mocapd", "--socket", socket, "--stream",
                                   f"photograph={image}", "--wait-subscribers", "1", "--every-frame",
                                   "--exit-on-end", "--log-level", "error"])
        while not os.path.exists(socket) and daemon.poll() is None:
            time.sleep(0.02)
        subprocess.run([f"{programs}/mocapctl", "--socket", socket, "record", recording],
                       check=True, stderr=subprocess.DEVNULL, timeout=60)
        daemon.wait(timeout=60)
        lines = subprocess.run([f"{programs}/mocapctl", "export", "--json", recording], check=True,
                               capture_output=True, text=True).stdout.splitlines()
    return next(face for line in lines for face in json.loads(line).get("faces", []))


def draw(programs, folder, answers, out):
    others = {}
    if os.path.exists(answers):
        with open(answers, encoding="utf-8") as file:
            others = json.load(file)
    rows = []
    for file, (_, _, person, (x, y, half)) in FACES.items():
        image = os.path.join(folder, file)
        views = []
        for options in (["--pose", "--gaze"], ["--dense"]):
            drawn = os.path.join(folder, "drawn.png")
            subprocess.run([f"{programs}/mocapctl", "overlay", image, drawn, *options], check=True,
                           stderr=subprocess.DEVNULL)
            face = cv2.imread(drawn)[y - half:y + half, x - half:x + half]
            views.append(cv2.resize(face, (EDGE, EDGE), interpolation=cv2.INTER_CUBIC))
        rows.append(np.hstack(views))
        shapes = record(programs, image)["shapes"]
        other = (others.get(file) or {}).get("shapes", {})
        print(f"\n**{person}**\n\n| shape | mocapd | MediaPipe |\n| --- | ---: | ---: |")
        listed = [name for name in {**shapes, **other}
                  if max(shapes.get(name, 0), other.get(name, 0)) >= LEAST]
        for name in sorted(listed, key=lambda name: -shapes.get(name, 0)):
            cells = [f"{answer[name]:.2f}" if name in answer else "-" for answer in (shapes, other)]
            print(f"| {name} | {' | '.join(cells)} |")
    cv2.imwrite(out, np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    if sys.argv[1:2] == ["fetch"] and len(sys.argv) == 3:
        fetch(sys.argv[2])
    elif sys.argv[1:2] == ["draw"] and len(sys.argv) == 6:
        draw(*sys.argv[2:])
    else:
        sys.exit(__doc__)
