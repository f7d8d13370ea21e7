#!/usr/bin/env bash
# Brings what the test of the page needs: Debian's Chromium (some 400 MB with what
# it needs) and playwright-core, which goes to build/browser. Without them the test
# is skipped.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../../build/browser

if ! command -v npm >/dev/null; then
    echo 'install: no npm, so the page is not tested in a browser'
    exit 0
fi
if [[ ! -x /usr/bin/chromium ]]; then
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends chromium
fi
mkdir -p "$build"
cp "$here/package.json" "$here/package-lock.json" "$build"
npm ci --prefer-offline --prefix "$build" --ignore-scripts --no-audit --no-fund
