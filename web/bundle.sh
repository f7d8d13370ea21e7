#!/bin/sh
# Makes solid.js, the page's 3-D avatars with three.js and three-vrm in it, and
# built.js, which tells the page whether there is one.
# Usage: bundle.sh ON|OFF|AUTO SOURCE_DIR WORK_DIR PAGES_DIR
set -eu
wanted=$1 source=$2 work=$3 pages=$4

finish() {
    echo "export const has3d = $1;" >"$pages/built.js"
    exit 0
}

rm -f "$pages/solid.js"
if [ "$wanted" = OFF ]; then
    finish false
fi

# Packages go to the build tree and stay there until the lock changes.
mkdir -p "$work/npm"
if ! cmp -s "$source/package-lock.json" "$work/npm/installed.json"; then
    rm -rf "$work/npm"
    mkdir -p "$work/npm"
    cp "$source/package.json" "$source/package-lock.json" "$work/npm"
    if ! npm ci --prefer-offline --prefix "$work/npm" --ignore-scripts --no-audit --no-fund \
        >"$work/npm.log" 2>&1; then
        echo "mocap-web: no 3-D avatars, npm could not fetch them (see $work/npm.log)" >&2
        [ "$wanted" = AUTO ] || exit 1
        finish false
    fi
    cp "$source/package-lock.json" "$work/npm/installed.json"
fi

# The sources find their packages where they lie beside them.
rm -rf "$work/npm/solid"
cp -r "$source/solid" "$work/npm/solid"
"$work/npm/node_modules/.bin/esbuild" "$work/npm/solid/solid.js" --bundle --format=esm --minify \
    --target=es2022 --legal-comments=eof --log-level=warning --outfile="$pages/solid.js"
finish true
