#!/bin/sh
# Installs libmocap to a directory of its own and builds the examples against it as
# somebody else would: shared and static, with the compiler's own warnings, as C++ too.
# Usage: installed.sh SOURCE_DIR BUILD_DIR CC [CFLAGS]
set -eu
source=$1 build=$2 compiler=$3 flags=${4-}
directory=$(mktemp -d "${TMPDIR:-/tmp}/mocapd-installed.XXXXXX")
trap 'rm -rf "$directory"' EXIT
root=$directory/root

DESTDIR=$root cmake --install "$build" --component libmocap >"$directory/log"
pc=$(find "$root" -name mocap.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_SYSROOT_DIR="$root"
export PKG_CONFIG_PATH="${pc%/*}"
libraries=$(pkg-config --variable=libdir mocap)
case $libraries in "$root"*) ;; *) libraries=$root$libraries ;; esac

# Nothing of ours but mocap.h is there to be included, and nothing else to be linked.
test "$(find "$root$prefix/include" -type f)" = "$root$prefix/include/mocap.h"
if nm -D --defined-only "$libraries/libmocap.so" | grep -v ' mocap_' | grep ' T '; then
    echo 'libmocap.so shows more than mocap.h does' >&2
    exit 1
fi
# Every function of mocap.h is there, with a version.
for name in $(sed -n 's/^MOCAP_API .*\(mocap_[a-z_]*\)(.*/\1/p' "$root$prefix/include/mocap.h"); do
    nm -D --defined-only "$libraries/libmocap.so" | grep -q " T $name@@MOCAP_" || {
        echo "libmocap.so has no $name with a version: protocol/libmocap.map" >&2
        exit 1
    }
done
if nm -g --defined-only "$libraries/libmocap.a" | grep ' [A-Z] ' | grep -v ' mocap_'; then
    echo 'libmocap.a shows more than mocap.h does' >&2
    exit 1
fi

include=-I$root$prefix/include
for example in watch follow; do
    text=$source/docs/examples/$example.c
    # shellcheck disable=SC2086 # flags are words
    "$compiler" -std=c17 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror $flags \
        "$include" -o "$directory/$example" "$text" -L"$libraries" -lmocap
    # shellcheck disable=SC2046,SC2086
    "$compiler" -std=c17 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror $flags \
        "$include" -o "$directory/$example-static" "$text" "$libraries/libmocap.a" \
        $(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --libs jansson libcbor) -lm
    # Without a daemon they say so.
    for program in "$example" "$example-static"; do
        if LD_LIBRARY_PATH=$libraries "$directory/$program" "$directory/none" 2>"$directory/said"
        then
            echo "$program: did not fail" >&2
            exit 1
        fi
        grep -q "connect to $directory/none: No such file" "$directory/said"
    done
done
# They look at how many keypoints there are.
for program in "$directory/watch" "$directory/watch-static" "python3 $source/docs/examples/watch.py"; do
    # shellcheck disable=SC2086 # a program and its argument
    LD_LIBRARY_PATH=$libraries "$source/tests/protocol/play_few.py" $program
done
pkg-config --exists --print-errors 'mocap >= 0.1'
echo '#include <mocap.h>' >"$directory/header.cc"
"$compiler" -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only "$include" \
    "$directory/header.cc"
if command -v groff >/dev/null; then
    warnings=$(groff -mandoc -ww -Tutf8 "$root$prefix/share/man/man3/mocap.3" 2>&1 >/dev/null)
    test -z "$warnings" || { echo "$warnings" >&2; exit 1; }
fi
echo 'the installed library builds and runs the examples'
