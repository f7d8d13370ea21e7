#!/bin/sh
# Training of the whole face on a set of a few drawn images. Usage: test_face.sh SOURCE_DIR.
# Exits with 77 without torch, scipy and cv2.
set -eu
cd "$1"
. tests/training/python.sh
find_python torch scipy cv2
OMP_NUM_THREADS=1 exec "$python" -m unittest tests.training.face
