#!/bin/sh
# The unit must be one that systemd understands in full: systemd-analyze exits 0
# on a key that it doesn't know, so nothing may be said either.
# Usage: systemd_verify.sh UNIT PROGRAM
set -eu
if ! command -v systemd-analyze >/dev/null; then
    echo 'skipped: no systemd-analyze'
    exit 77
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
# The program is not installed where the unit will look for it.
sed "s|^ExecStart=[^ ]*|ExecStart=$2|" "$1" >"$directory/mocapd.service"
said=$(systemd-analyze verify --man=no --recursive-errors=no "$directory/mocapd.service" 2>&1) || {
    echo "$said"
    exit 1
}
if [ -n "$said" ]; then
    echo "$said"
    exit 1
fi
# 0 is tight, 10 is open.
systemd-analyze security --offline=yes --threshold=30 "$directory/mocapd.service" | tail -n 1
