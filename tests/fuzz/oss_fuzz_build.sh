#!/usr/bin/env bash
# Builds the targets for OSS-Fuzz (https://google.github.io/oss-fuzz): its base-builder image sets
# $CC, $CXX, $CFLAGS, $LIB_FUZZING_ENGINE and $OUT; ./setup installs the libraries before. Elsewhere:
#
#     CC=clang CFLAGS='-O1 -fsanitize=fuzzer-no-link,address' LIB_FUZZING_ENGINE=-fsanitize=fuzzer \
#         OUT=/tmp/fuzzers tests/fuzz/oss_fuzz_build.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${CC:?}" "${CFLAGS:?}" "${LIB_FUZZING_ENGINE:?}" "${OUT:?}"
build=${WORK:-build}/oss-fuzz

engine=$LIB_FUZZING_ENGINE
[[ ! -f $engine ]] || engine="$engine;-lc++;-lm" # a library, in C++
mkdir -p "$OUT/lib"
# The programs bring their libraries: they run in another image.
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMOCAPD_SANITIZE=fuzzer-no-link -DMOCAPD_WEB_3D=OFF \
    -DMOCAPD_FUZZING_ENGINE="$engine;-Wl,-rpath,\$ORIGIN/lib"
cmake --build "$build" --target fuzzers

for program in "$build"/tests/fuzz/fuzz_*; do
    [[ -x $program && -f $program ]] || continue
    name=$(basename "$program")
    cp "$program" "$OUT/"
    cp "$(cat "$program.dictionary")" "$OUT/$name.dict"
    (cd "tests/fuzz/corpus/${name#fuzz_}" && python3 -m zipfile -c "$OUT/${name}_seed_corpus.zip" ./*)
    ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | grep -vE '/(libc|libm|ld-linux[^/]*)\.so' |
        xargs --no-run-if-empty cp --no-clobber --dereference --target-directory="$OUT/lib"
done
