#!/bin/sh
# mocapd's engine against ONNX Runtime on the same weights, interleaved in one run.
#
#   tests/bench/compare.sh [BUILD_DIR [RUNS [MODEL.safetensors ...]]]
#
# Builds bench_compare in BUILD_DIR (default: build/release, which it configures
# if need be). Without models: LEDNet with random weights at 64x64, 128x128 and
# 256x256, or the NETWORKS (names, or "all") at the SIZES of these environment
# variables. PRECISION=int8 compares the quantised network, which ONNX Runtime gets
# as a graph of floating-point operators between QuantizeLinear and
# DequantizeLinear, its preferred form. Needs python3 with numpy and, the first time, npm and the network:
# ONNX Runtime's library is in the npm package onnxruntime-node. Set ONNXRUNTIME
# to use another libonnxruntime.so. Measure on an idle machine.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$source/build/release}
runs=${2:-200}
shift $(($# < 2 ? $# : 2))
if [ ! -f "$build/CMakeCache.txt" ]; then
    [ "$build" = "$source/build/release" ] || {
        echo "compare.sh: $build must be a CMake build directory" >&2
        exit 2
    }
    (cd "$source" && cmake --preset release) >&2
fi
grep -q '^CMAKE_BUILD_TYPE:STRING=Release' "$build/CMakeCache.txt" ||
    echo "compare.sh: $build is not a Release build: mocapd's times will be slow" >&2
cmake --build "$build" --target bench_compare >&2
precision=${PRECISION:-f32}
case $precision in
f32) suffix=.onnx int8= ;;
int8) suffix=-int8.onnx int8=--int8 ;;
*) echo "compare.sh: PRECISION must be f32 or int8, got '$precision'" >&2
   exit 2 ;;
esac

# A python3 that has numpy: Debian's, where another one comes first.
python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "compare.sh: needs python3 with numpy (package python3-numpy)" >&2; exit 2; }

work=$source/build/bench
mkdir -p "$work"
library=${ONNXRUNTIME:-}
if [ -z "$library" ]; then
    case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) echo "compare.sh: onnxruntime-node has no library for $(uname -m): set ONNXRUNTIME" >&2
       exit 2 ;;
    esac
    # Its install script would fetch GPU libraries, which are not needed.
    [ -d "$work/node_modules/onnxruntime-node" ] ||
        npm install --prefix "$work" --ignore-scripts --no-audit --no-fund onnxruntime-node@1 >&2
    library=$(echo "$work"/node_modules/onnxruntime-node/bin/napi-v*/linux/$machine/libonnxruntime.so.1)
fi

# What follows turns the models among the arguments into pairs of files.
if [ $# -eq 0 ]; then
    networks=${NETWORKS:-lednet}
    [ "$networks" != all ] ||
        networks="lednet erfnet edanet esnet enet enet-orig hourglass laednet lrdnet"
    for network in $networks; do
        for size in ${SIZES:-64 128 256}; do
            weights=$work/$network-$size.safetensors onnx=$work/$network-$size$suffix
            "$python" "$source/tools/export_onnx.py" $int8 --random --arch "$network" --size "$size" \
                "$weights" "$onnx"
            set -- "$@" "$weights" "$onnx"
        done
    done
else
    for model in "$@"; do
        onnx=$work/$(basename "$model" .safetensors)$suffix
        "$python" "$source/tools/export_onnx.py" $int8 "$model" "$onnx"
        shift
        set -- "$@" "$model" "$onnx"
    done
fi
exec "$build/tests/bench/bench_compare" "$library" "$runs" "$precision" "$@"
