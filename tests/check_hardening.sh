#!/bin/sh
# Every program and library, built and installed, is hardened: position-independent, its stack not
# executable, bound before it runs, its relocations read-only, the stack guarded, and libraries
# come from where the system keeps them, never from the current directory.
# Usage: check_hardening.sh BUILD_DIR
set -eu
if ! command -v readelf >/dev/null; then
    echo 'skipped: no readelf'
    exit 77
fi
installed=$(mktemp -d)
trap 'rm -rf "$installed"' EXIT
for folder in "$1" "$1"/*/ "$1"/*/*/; do # not models: they are large
    case $folder in
    */daemon/ | */protocol/ | */tools/*)
        [ ! -f "$folder/cmake_install.cmake" ] ||
            DESTDIR=$installed cmake -P "$folder/cmake_install.cmake" >"$installed/log" ||
            { cat "$installed/log"; exit 1; }
        ;;
    esac
done

status=0
complain() {
    echo "$1 $2"
    status=1
}

count=0
for file in $(find "$1/bin" "$1/protocol" "$installed" -type f \( -perm -u+x -o -name '*.so*' \)); do
    header=$(readelf --file-header "$file" 2>/dev/null) || continue # a script
    case $header in
    *'Type:'*DYN* | *'Type:'*EXEC*) ;;
    *) continue ;; # an archive
    esac
    count=$((count + 1))
    dynamic=$(readelf --dynamic --wide "$file")
    segments=$(readelf --program-headers --wide "$file")
    symbols=$(readelf --dyn-syms --wide "$file")
    case $header in *'Type:'*DYN*) ;; *) complain "$file" 'is not position-independent' ;; esac
    case $dynamic in *BIND_NOW* | *'Flags: NOW'*) ;; *) complain "$file" 'binds lazily' ;; esac
    case $segments in *GNU_RELRO*) ;; *) complain "$file" 'has writable relocations' ;; esac
    ! echo "$segments" | grep -q 'GNU_STACK.* RWE' || complain "$file" 'has an executable stack'
    case $symbols in *__stack_chk_fail*) ;; *) complain "$file" 'does not guard its stack' ;; esac
    case $symbols in *_chk@*) ;; *) complain "$file" 'is built without _FORTIFY_SOURCE' ;; esac
    # Empty and relative entries stand for the current directory and those below it.
    paths=$(echo "$dynamic" | sed -n 's/.*(R.*PATH).*\[\(.*\)\]/\1/p')
    if [ -n "$(echo "$dynamic" | grep -E '\((RUNPATH|RPATH)\)' || true)" ]; then
        case ":$paths:" in
        *::* | *:[!/$]*) complain "$file" "looks for libraries in '$paths'" ;;
        esac
    fi
done
if [ "$count" -lt 8 ]; then
    echo "only $count programs and libraries were found"
    status=1
fi
exit $status
