#!/bin/sh
# The rasteriser, and the heads that it draws. Usage: test_heads.sh SOURCE_DIR RASTER.
# Exits with 77 without numpy, scipy and cv2.
set -eu
cd "$1"
. tests/training/python.sh
find_python numpy scipy cv2
RASTER=$2 OMP_NUM_THREADS=1 exec "$python" -m unittest tests.training.heads
