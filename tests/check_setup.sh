#!/usr/bin/env bash
# setup, on systems that are played by programs of that name: what it installs, what it says before,
# and that it ends with an error only when something is wrong.
# Usage: check_setup.sh SOURCE_DIR
set -euo pipefail
setup=$1/setup
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/bin"
export CALLS=$directory/calls INSTALLED=$directory/installed
export PATH=$directory/bin:/usr/bin:/bin

fail() {
    echo "FAILED: $*"
    cat "$directory/said" "$CALLS" 2>/dev/null || true
    exit 1
}

program() {
    cat >"$directory/bin/$1"
    chmod +x "$directory/bin/$1"
}

program dpkg-query <<'PROGRAM'
#!/bin/bash
grep -qx -- "${@: -1}" "$INSTALLED" && echo installed
PROGRAM
# As apt-get, it ends with 1 when the answer is no, and with 100 without root, whose part a name plays.
program apt-get <<'PROGRAM'
#!/bin/bash
if ((EUID != 0)) && [[ -z ${PLAYED_ROOT:-} ]]; then
    echo 'E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)' >&2
    exit 100
fi
echo "$*" >>"$CALLS"
case $* in
    *--assume-no*)
        echo '0 upgraded, 193 newly installed, 0 to remove and 2 not upgraded.'
        echo 'Need to get 152 MB of archives.'
        echo 'After this operation, 627 MB of additional disk space will be used.'
        exit 1
        ;;
esac
[[ $1 == update ]] || printf '%s\n' "${@:2}" | grep -v '^-' >>"$INSTALLED"
PROGRAM
program sudo <<'PROGRAM'
#!/bin/bash
PLAYED_ROOT=yes exec "$@"
PROGRAM
cp "$1/setup" "$directory/setup"

# What it does when nothing is installed: for whoever runs the test, and as a user with sudo.
check_install() {
    : >"$INSTALLED"
    : >"$CALLS"
    "$@" "$directory/setup" >"$directory/said" || fail "it ends with $?"
    for line in '193 packages with what they depend on' '152 MB to download' '627 MB on the disk' 'done'; do
        grep -qx "setup: $line" "$directory/said" || fail "it does not say: $line"
    done
    [[ $(grep -c '^install' "$CALLS") == 2 ]] || fail 'it must ask for sizes, and install'
}

# ---- Nothing is installed
if ((EUID == 0)); then
    : >"$INSTALLED"
    : >"$CALLS"
    chown -R 65534:65534 "$directory"
    check_install setpriv --reuid=65534 --regid=65534 --clear-groups
    chown -R 0:0 "$directory"
fi
check_install env
! grep '^install' "$CALLS" | grep -v -e --no-install-recommends || fail 'it installs what is recommended'
for package in gcc libavformat-dev libuv1-dev; do
    grep -qx "$package" "$INSTALLED" || fail "it does not install $package"
done
# For what ./check, ./package and mocap-fleet need there are other words.
for package in clang libcmocka-dev chromium python3-torch debhelper libnats-dev build-essential; do
    ! grep -qx "$package" "$INSTALLED" || fail "it installs $package"
done

# ---- All is installed
: >"$CALLS"
"$setup" >"$directory/said" || fail "it ends with $?"
grep -q 'packages are installed' "$directory/said" || fail 'it does not say that all is there'
[[ ! -s $CALLS ]] || fail 'it calls apt-get'

# ---- What is wrong is an error
: >"$INSTALLED"
! "$setup" everything >"$directory/said" 2>&1 || fail 'it takes any word'
grep -q '^usage: ' "$directory/said" || fail 'it does not say how it is used'
program apt-get <<'PROGRAM'
#!/bin/bash
echo 'E: Unable to locate package gcc' >&2
exit 100
PROGRAM
! "$setup" >"$directory/said" 2>&1 || fail 'nothing could be installed, and it ends with 0'
grep -q 'Unable to locate' "$directory/said" || fail "apt's error is not shown"
echo 'setup installs what is missing, and says how much before'
