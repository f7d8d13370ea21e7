#!/bin/sh
# systemd must understand the whole unit. On a key that it does not know, systemd-analyze still
# exits with 0 but prints a warning, so it must print nothing.
# Usage: systemd_verify.sh UNIT PROGRAM [--user]
set -eu
if ! command -v systemd-analyze >/dev/null; then
    echo 'skipped: no systemd-analyze'
    exit 77
fi
name=$(basename "$1")
directory=$(mktemp -d)
# Units of users need it.
export XDG_RUNTIME_DIR="$directory"
trap 'rm -rf "$directory"' EXIT
# The program is not installed yet where the unit looks for it.
place_unit() {
    sed "s|^ExecStart=[^ ]*|ExecStart=$program|" "$1" >"$directory/$(basename "$1")"
}
program=$2
place_unit "$1"
case $name in
*.socket) place_unit "${1%.socket}.service" ;; # that it starts
esac
said=$(systemd-analyze ${3:+"$3"} verify --man=no --recursive-errors=no "$directory/$name" 2>&1) || {
    echo "$said"
    exit 1
}
if [ -n "$said" ]; then
    echo "$said"
    exit 1
fi
case $name in
*.socket) exit 0 ;;
esac
# Then systemd puts the socket below /run/private, where nobody but root gets.
if grep -q '^DynamicUser=yes' "$1" && grep -q '^RuntimeDirectoryPreserve=[yr]' "$1"; then
    echo 'DynamicUser= with RuntimeDirectoryPreserve= keeps everybody from the socket'
    exit 1
fi
# The exposure level goes from 0 to 10 (here times 10): lower is safer. Without a user of its own a
# unit can't be as low: those of users run as whoever starts them.
limit=13
[ $# -eq 2 ] || limit=17
[ "$name" != mocapd-user.service ] || limit=20 # without PrivateDevices=, which hides cameras
systemd-analyze ${3:+"$3"} security --offline=yes --threshold=$limit "$directory/$name" | tail -n 1
systemd-analyze ${3:+"$3"} security --offline=yes --threshold=$limit "$directory/$name" >/dev/null
