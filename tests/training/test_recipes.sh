#!/bin/sh
# The recipes on a set of a few drawn faces. Usage: test_recipes.sh SOURCE_DIR
# LANDMARKS RUN_MODEL. Exits with 77 without torch and cv2.
set -eu
cd "$1"
. tests/training/python.sh
find_python torch cv2
LANDMARKS=$2 RUN_MODEL=$3 OMP_NUM_THREADS=1 exec "$python" -m unittest tests.training.recipes tests.training.locator tests.training.driving
