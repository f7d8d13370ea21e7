#!/bin/sh
# Measures shapes, gaze and head pose on rendered heads, shows photographs beside, and writes
# docs/expression.md and its images.
#
#   tests/bench/expression.sh [BUILD_DIR [FOLDER]]
#
# Builds mocapd, mocap-lab and mocapctl in BUILD_DIR (default: build/release, which it configures if need
# be). FOLDER is of training/heads/stills.py (default: build/bench/heads, rendered if it is not
# there, from RIG, ../shared/dense/ict.npz). MediaPipe stands beside where there are npm, node,
# Chromium and TASK, its face_landmarker.task (default: ../shared/dense); its answers are kept in
# FOLDER. Needs python3 with numpy, scipy and cv2. Options of mocap-lab shapes may be given in
# SHAPES_OPTIONS, for example "--model FILE".
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$source/build/release}
work=$source/build/bench
heads=${2:-$work/heads}
rig=${RIG:-$source/../shared/dense/ict.npz}
task=${TASK:-$source/../shared/dense/face_landmarker.task}
build=$(mkdir -p "$build" && cd "$build" && pwd)
mkdir -p "$work"

if [ ! -f "$build/CMakeCache.txt" ]; then
    [ "$build" = "$source/build/release" ] || {
        echo "expression.sh: $build must be a CMake build directory" >&2
        exit 2
    }
    (cd "$source" && cmake --preset release) >&2
fi
cmake --build "$build" --target mocapd mocap-lab mocapctl raster >&2

. "$source/tests/training/python.sh"
cd "$source"
find_python numpy scipy cv2
if [ ! -f "$heads/truth.json" ]; then
    "$python" -m training.heads.stills --rig "$rig" --library \
        "$build/training/heads/libraster.so" --out "$heads" >&2
fi

package=$work/node_modules/@mediapipe/tasks-vision
# Writes MediaPipe's answers for the images of the folder $1, once.
ask_mediapipe() {
    if [ -f "$1/mediapipe.json" ] || [ ! -f "$task" ] || ! command -v npm >/dev/null; then
        return
    fi
    "$source/tests/web/install.sh" >&2
    [ -d "$package" ] || npm install --prefix "$work" --ignore-scripts --no-audit --no-fund \
        @mediapipe/tasks-vision@0.10.35 >&2
    node "$source/tests/bench/mediapipe.mjs" "$source/build/browser" "$package" "$task" "$1" \
        "$1/mediapipe.json" >&2 || echo 'expression.sh: MediaPipe did not run and is left out' >&2
}
answers=$heads/mediapipe.json
ask_mediapipe "$heads"

# shellcheck disable=SC2086 # options are words
set -- ${SHAPES_OPTIONS:-}
[ ! -f "$answers" ] || set -- "$@" --other "MediaPipe=$answers"
"$build/bin/mocap-lab" shapes "$heads" --markdown --matrix "$source/docs/expression-matrix.png" \
    "$@" >"$work/expression.md"
"$python" -c 'import sys; from training.report import replace_between as put
put(sys.argv[1], "expression", sys.stdin.read().strip())' docs/expression.md <"$work/expression.md"
for case in 00-mouthSmile 01-head_yaw_40; do
    "$build/bin/mocapctl" overlay "$heads/$case.jpg" "$work/$case.png" --pose >&2
done
"$python" -c 'import cv2, sys; import numpy as np
heads = [cv2.imread(path)[120:540, 110:530] for path in sys.argv[2:]]
cv2.imwrite(sys.argv[1], np.hstack(heads), [cv2.IMWRITE_JPEG_QUALITY, 90])' docs/expression-heads.jpg \
    "$work/00-mouthSmile.png" "$work/01-head_yaw_40.png"

# Photographs that anybody may publish.
faces=$work/faces
[ -f "$faces/truth.json" ] || "$python" tests/bench/real_faces.py fetch "$faces" >&2
ask_mediapipe "$faces"
"$python" tests/bench/real_faces.py draw "$build/bin" "$faces" "$faces/mediapipe.json" \
    docs/expression-faces.jpg >"$work/faces.md"
"$python" -c 'import sys; from training.report import replace_between as put
put(sys.argv[1], "faces", sys.stdin.read().strip())' docs/expression.md <"$work/faces.md"
echo "wrote docs/expression.md" >&2
