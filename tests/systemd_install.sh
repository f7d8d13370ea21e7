#!/bin/sh
# The configuration lies where the unit looks for it, and an installation leaves one alone
# that is there already.
# Usage: systemd_install.sh BUILD_DIR
set -eu
script=$1/systemd/cmake_install.cmake
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
root=$directory/root

# Installs what systemd/ has, as "cmake --install" does; arguments go to cmake.
install_units() {
    DESTDIR=$root cmake "$@" -P "$script" >"$directory/log" || {
        cat "$directory/log"
        exit 1
    }
}

install_units
configuration=$(sed -n 's/^ExecStart=.* --config //p' "$1/systemd/mocapd.service")
test -f "$root$configuration" || {
    echo "the unit looks for $configuration; there are:"
    find "$root" -type f
    exit 1
}
echo 'log-level = debug' >"$root$configuration"
install_units
test "$(cat "$root$configuration")" = 'log-level = debug' || {
    echo 'a second installation wrote over the configuration'
    exit 1
}
# Elsewhere nothing is left behind of the prefix that was configured.
rm -r "$root"
install_units -DCMAKE_INSTALL_PREFIX=/elsewhere
case $configuration in
/etc/*) ;; # of no prefix
*)
    test -f "$root/elsewhere/etc/mocapd/mocapd.conf"
    test "$(ls "$root")" = elsewhere
    ;;
esac
