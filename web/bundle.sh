#!/bin/sh
# Bundles the page's 3-D avatars, three.js and three-vrm into avatars3d.js, and writes
# built.js, which tells the page whether that bundle exists. WORK_DIR/bundled says that there is nothing
# more to do: without it, since npm could not fetch the packages, the next build tries again.
# Usage: bundle.sh ON|OFF|AUTO SOURCE_DIR WORK_DIR PAGES_DIR
set -eu
wanted=$1 source=$2 work=$3 pages=$4

finish() {
    echo "export const has3d = $1;" >"$pages/built.js"
}

rm -f "$pages/avatars3d.js" "$work/bundled"
if [ "$wanted" = OFF ]; then
    finish false
    touch "$work/bundled"
    exit 0
fi

# Packages stay in the build tree until the lock file changes.
mkdir -p "$work/npm"
if ! cmp -s "$source/package-lock.json" "$work/npm/installed.json"; then
    rm -rf "$work/npm"
    mkdir -p "$work/npm"
    cp "$source/package.json" "$source/package-lock.json" "$work/npm"
    # A build without a network does not wait for minutes.
    if ! npm ci --prefer-offline --prefix "$work/npm" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=1000 --fetch-timeout=60000 \
        >"$work/npm.log" 2>&1; then
        [ "$wanted" = AUTO ] || {
            echo "mocap-web: npm could not fetch the packages of 3-D avatars (see $work/npm.log)" >&2
            exit 1
        }
        echo "mocap-web: 3-D avatars left out, npm could not fetch them (see $work/npm.log); the next" \
            "build tries again" >&2
        finish false
        exit 0
    fi
    cp "$source/package-lock.json" "$work/npm/installed.json"
fi

# Node resolves packages from the sources' own folder, so the sources go beside them.
rm -rf "$work/npm/avatars3d"
cp -r "$source/avatars3d" "$work/npm/avatars3d"
cp "$source/face.js" "$source/model_file.js" "$work/npm"
"$work/npm/node_modules/.bin/esbuild" "$work/npm/avatars3d/avatars3d.js" --bundle --format=esm --minify \
    --target=es2022 --legal-comments=eof --log-level=warning --outfile="$pages/avatars3d.js"
finish true
touch "$work/bundled"
