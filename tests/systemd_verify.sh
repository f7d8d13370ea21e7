#!/bin/sh
# The unit must be one that systemd understands in full: systemd-analyze exits 0
# on a key that it doesn't know, so nothing may be said either.
# Usage: systemd_verify.sh UNIT PROGRAM [--user]
set -eu
if ! command -v systemd-analyze >/dev/null; then
    echo 'skipped: no systemd-analyze'
    exit 77
fi
name=$(basename "$1")
directory=$(mktemp -d)
# For what is a user's.
export XDG_RUNTIME_DIR="$directory"
trap 'rm -rf "$directory"' EXIT
# The program is not installed where the unit will look for it.
sed "s|^ExecStart=[^ ]*|ExecStart=$2|" "$1" >"$directory/$name"
said=$(systemd-analyze ${3:+"$3"} verify --man=no --recursive-errors=no "$directory/$name" 2>&1) || {
    echo "$said"
    exit 1
}
if [ -n "$said" ]; then
    echo "$said"
    exit 1
fi
# 0 is tight, 10 is open. A user's unit can't have most of what counts.
if [ $# -eq 2 ]; then
    systemd-analyze security --offline=yes --threshold=30 "$directory/$name" | tail -n 1
fi
