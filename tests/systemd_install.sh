#!/bin/sh
# Whatever prefix is given at installation, each unit names programs and configuration below that
# prefix, or in /etc with the prefix /usr. A second installation keeps an edited configuration,
# and so does "uninstall", which leaves nothing else.
# Usage: systemd_install.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
script=$build/systemd/cmake_install.cmake
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
root=$directory/root

fail() {
    echo "$*"
    find "$root" -type f
    exit 1
}

# Installs systemd/ as "cmake --install --prefix" does.
install_units() {
    DESTDIR=$root cmake -DCMAKE_INSTALL_PREFIX="$1" -P "$script" >"$directory/log" || {
        cat "$directory/log"
        exit 1
    }
}

check_prefix() {
    prefix=$1 etc=$2
    rm -rf "$root"
    install_units "$prefix"
    for unit in "$root$prefix"/lib/systemd/*/*.service; do
        command=$(sed -n 's/^ExecStart=//p' "$unit")
        case $command in
        "$prefix"/bin/mocap*) ;;
        *) fail "prefix $prefix: $unit starts $command" ;;
        esac
        case $command in
        *' --config '*) configuration=${command#* --config } ;;
        *) continue ;;
        esac
        [ "${configuration%/*}" = "$etc/mocapd" ] && [ -f "$root$configuration" ] ||
            fail "prefix $prefix: $unit names $configuration"
    done
    # Nothing is elsewhere.
    left=$(find "$root" -type f ! -path "$root$prefix/*" ! -path "$root$etc/*")
    [ -z "$left" ] || fail "prefix $prefix: $left"
}

check_prefix /usr/local /usr/local/etc
check_prefix /elsewhere /elsewhere/etc
check_prefix /usr /etc

# ---- Again, and away
# The manifest that "cmake --install" would leave in the build tree.
sed "s|$build/install_manifest|$directory/install_manifest|" "$build/uninstall.cmake" \
    >"$directory/uninstall.cmake"
uninstall() {
    find "$root" -type f | sed "s|^$root||" >"$directory/install_manifest.txt"
    DESTDIR=$root cmake -P "$directory/uninstall.cmake" >"$directory/log" 2>&1 || {
        cat "$directory/log"
        exit 1
    }
    [ -e "$root/$1/lib/systemd" ] || fail 'uninstall took folders that are not its own'
}

# Each file of configuration, whatever its name is, is kept once it was edited, and only then.
configurations=$(cd "$root/etc/mocapd" && ls)
for edited in $configurations; do
    echo '# edited' >"$root/etc/mocapd/$edited"
    install_units /usr
    [ "$(cat "$root/etc/mocapd/$edited")" = '# edited' ] ||
        fail "a second installation overwrote $edited"
    uninstall /usr
    left=$(find "$root" -type f)
    [ "$left" = "$root/etc/mocapd/$edited" ] || fail "uninstall left or took something beside $edited"
    rm -r "$root"
    install_units /usr
done
# Below another prefix, and with nothing edited, nothing is left.
rm -r "$root"
install_units /elsewhere
echo '# edited' >"$root/elsewhere/etc/mocapd/mocapd.conf"
uninstall /elsewhere
left=$(find "$root" -type f)
[ "$left" = "$root/elsewhere/etc/mocapd/mocapd.conf" ] || fail 'uninstall below another prefix'
rm -r "$root"
install_units /elsewhere
uninstall /elsewhere
left=$(find "$root" -type f)
[ -z "$left" ] || fail 'uninstall left something that nobody edited'
echo "units follow the prefix; uninstall keeps what was edited: $configurations"
