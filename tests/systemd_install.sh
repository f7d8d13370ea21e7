#!/bin/sh
# The configuration is installed where the unit looks for it, and a second installation keeps
# the existing file.
# Usage: systemd_install.sh BUILD_DIR
set -eu
script=$1/systemd/cmake_install.cmake
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
root=$directory/root

# Installs systemd/ as "cmake --install" does; arguments go to cmake.
install_units() {
    DESTDIR=$root cmake "$@" -P "$script" >"$directory/log" || {
        cat "$directory/log"
        exit 1
    }
}

install_units
configuration=$(sed -n 's/^ExecStart=.* --config //p' "$1/systemd/mocapd.service")
test -f "$root$configuration" || {
    echo "the unit looks for $configuration, which is not among the installed files:"
    find "$root" -type f
    exit 1
}
echo 'log-level = debug' >"$root$configuration"
install_units
test "$(cat "$root$configuration")" = 'log-level = debug' || {
    echo 'a second installation overwrote the configuration'
    exit 1
}
# Another prefix at installation replaces the configured one completely.
rm -r "$root"
install_units -DCMAKE_INSTALL_PREFIX=/elsewhere
case $configuration in
/etc/*) ;; # independent of the prefix
*)
    test -f "$root/elsewhere/etc/mocapd/mocapd.conf"
    test "$(ls "$root")" = elsewhere
    ;;
esac
