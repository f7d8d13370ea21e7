#!/bin/sh
# The exporter's two files, of every network: mocap-lab takes the one, and the other
# holds together. Usage: test_export_onnx.sh SOURCE_DIR MOCAP_LAB. Exits with 77
# without numpy.
set -eu
source=$1 lab=$2
python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "skipped: no python3 with numpy"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for arch in lednet lednet-slim erfnet edanet esnet enet enet-orig hourglass laednet lrdnet; do
    "$python" "$source/tools/export_onnx.py" --random --arch $arch --size 64 --keypoints \
        "$work/a.safetensors" "$work/a.onnx"
    "$lab" model info "$work/a.safetensors" >/dev/null
    "$python" "$source/tests/tools/check_onnx.py" $arch "$work/a.onnx"
done

# What was written can be read back, and gives the same graph.
"$python" "$source/tools/export_onnx.py" --random --arch esnet --size 64 --keypoints \
    "$work/a.safetensors" "$work/a.onnx"
"$python" "$source/tools/export_onnx.py" --keypoints "$work/a.safetensors" "$work/b.onnx"
cmp "$work/a.onnx" "$work/b.onnx"

# Sizes that the network can't have, and files that are no models.
if "$python" "$source/tools/export_onnx.py" --random --size 50 "$work/c" "$work/d" 2>"$work/err"; then
    echo "size 50 was taken"
    exit 1
fi
grep -q 'multiple of 32' "$work/err"
if "$python" "$source/tools/export_onnx.py" "$work/b.onnx" "$work/d" 2>"$work/err"; then
    echo "an ONNX file was taken for safetensors"
    exit 1
fi
grep -q "^export_onnx.py: $work/b.onnx: " "$work/err"
