#!/usr/bin/env bash
# The page's 3-D part, with an npm that is played: a build without a network leaves it out, and the next
# one with a network has it. Nothing is fetched or built twice.
# Usage: check_bundle.sh SOURCE_DIR
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export CALLS=$directory/calls NETWORK=$directory/network

fail() {
    echo "FAILED: $*"
    cat "$directory/said" "$CALLS"
    exit 1
}

mkdir -p "$directory/bin" "$directory/project"
cat >"$directory/bin/npm" <<'NPM'
#!/bin/bash
echo npm >>"$CALLS"
[[ -e $NETWORK ]] || exit 1
while [[ $1 != --prefix ]]; do
    shift
done
mkdir -p "$2/node_modules/.bin"
cat >"$2/node_modules/.bin/esbuild" <<'ESBUILD'
#!/bin/bash
echo esbuild >>"$CALLS"
for argument in "$@"; do
    [[ $argument != --outfile=* ]] || echo bundle >"${argument#--outfile=}"
done
ESBUILD
chmod +x "$2/node_modules/.bin/esbuild"
NPM
chmod +x "$directory/bin/npm"
PATH=$directory/bin:$PATH
cat >"$directory/project/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(page NONE)
add_custom_target(mocap-web)
set(MOCAPD_DATADIR share/mocapd)
add_subdirectory($1/web web)
CMAKE
pages=$directory/build/share/mocapd/web

# build WANTED CALL...: what must be called
build() {
    : >"$CALLS"
    cmake -G Ninja -S "$directory/project" -B "$directory/build" -DMOCAPD_WEB_3D="$1" >"$directory/said" 2>&1 &&
        cmake --build "$directory/build" >>"$directory/said" 2>&1 || return 1
    shift
    [[ $(paste -s -d ' ' "$CALLS") == "$*" ]] || fail "it must call '$*'"
}

# has true|false
has() {
    grep -qx "export const has3d = $1;" "$pages/built.js" || fail "has3d must be $1"
    [[ $1 == false || -s $pages/avatars3d.js ]] || fail 'there is no bundle'
}

build AUTO npm || fail 'without a network, the build must work'
has false
build AUTO npm || fail 'again without a network'
has false
touch "$NETWORK"
build AUTO npm esbuild || fail 'with a network'
has true
build AUTO || fail 'with nothing to do'
has true
build OFF || fail 'left out'
has false
build ON esbuild || fail 'wanted, and fetched before'
has true
rm -r "$directory/build" "$NETWORK"
! build ON || fail 'wanted, and there is no network'
echo 'the 3-D part comes as soon as there is a network'
