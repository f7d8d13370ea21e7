#!/usr/bin/env bash
# Static analysis of everything that ships: cppcheck, then clang's analyzer. Prints findings and
# fails when there are any. A finding that is wrong gets code that is clearer, or else a line
# "// cppcheck-suppress ID" with the reason beside it.
#
# The inner loops of nn/kernels are left out: both analyzers take minutes for their intrinsics. So
# are benchmarks, which read nothing from outside.
# Usage: analyze.sh SOURCE_DIR [FILE...]
set -euo pipefail
cd "$1"
shift
for program in cppcheck clang; do
    command -v "$program" >/dev/null || {
        echo "skipped: no $program"
        exit 77
    }
done

if (($# > 0)); then
    files=("$@")
else
    mapfile -t files < <(find base nn protocol pipeline server daemon tools -name '*.c' \
        ! -path 'nn/kernels/*' ! -path 'tools/lab/bench_*' | sort)
fi
flags=(-D_GNU_SOURCE '-DMOCAPD_VERSION="0"' '-DMOCAPD_SYSCONFDIR="/etc"' -DBRIDGE_HAS_VTUBE_STUDIO=1 -I.)
jobs=$(nproc)
status=0

# Of libraries cppcheck sees no headers, so it takes their macros for granted.
cppcheck -q -j "$jobs" --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingInclude --suppress=preprocessorErrorDirective --error-exitcode=1 \
    -D__x86_64__ -D__BYTE_ORDER__=1234 -D__ORDER_LITTLE_ENDIAN__=1234 '-DAV_STRINGIFY(x)="0"' \
    "${flags[@]}" "${files[@]}" || status=1

read -ra libraries < <(pkg-config --cflags libavformat libavcodec libswscale libavutil libuv jansson \
    libcbor openblas libwebsockets liblo 2>/dev/null) || true
# Not security.insecureAPI: it wants Annex K, which glibc does not have.
printf '%s\0' "${files[@]}" |
    xargs -0 -n 8 -P "$jobs" clang --analyze -std=c17 --analyzer-output text \
        -Xanalyzer -analyzer-disable-checker=security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
        -Xclang -analyzer-werror -Wno-everything "${flags[@]}" "${libraries[@]}" || status=1
exit $status
