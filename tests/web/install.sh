#!/usr/bin/env bash
# Installs what the test of the page in Chromium needs, playwright-core and axe-core, into
# build/browser. Without npm or a registry that test is skipped.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../../build/browser

if ! command -v npm >/dev/null; then
    echo 'install: there is no npm, so the page is not tested in a browser'
    exit 0
fi
mkdir -p "$build"
if cmp -s "$here/package-lock.json" "$build/package-lock.json" &&
    [[ -d $build/node_modules/playwright-core ]]; then
    exit 0
fi
cp "$here/package.json" "$here/package-lock.json" "$build"
npm ci --prefer-offline --prefix "$build" --ignore-scripts --no-audit --no-fund ||
    echo 'install: npm could not fetch playwright-core and axe-core, so the page is not tested in a browser'
