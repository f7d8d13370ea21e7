#!/bin/sh
# Every speed ratio that we track, as JSON: against ONNX Runtime and FFmpeg on this machine, never
# a time alone, so that files of other days and machines can be laid side by side.
#
#   tests/bench/track.sh [-o OUT.json] [PART ...]
#
# Parts: onnxruntime, int8, precision, program, streams; default: all. OUT.json (default: docs/track.json)
# keeps the parts that are not measured. Uses build/release. Needs what compare.sh needs, and
# ffmpeg. Measure on an idle machine.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$source/build/release
[ -f "$build/CMakeCache.txt" ] || (cd "$source" && cmake --preset release) >&2
cmake --build "$build" --target bench_compare mocapd mocap-lab synthface >&2
exec python3 "$source/tests/bench/track.py" "$source" "$build" "$@"
