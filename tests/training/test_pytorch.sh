#!/bin/sh
# PyTorch and the C engine agree on 200 validation images with the weights that
# ship. Usage: test_pytorch.sh SOURCE_DIR LANDMARKS. Exits with 77 without torch
# or without ../shared.
set -eu
source=$1 landmarks=$2
. "$source/tests/training/python.sh"
data=$source/../shared/data/faces68
[ -r "$data/labels.json" ] || { echo "skipped: no $data"; exit 77; }
find_python torch cv2
cd "$source"
exec "$python" -m tests.training.compare "$landmarks" "$data" models/face68.safetensors
