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
    facts=$(readelf --dynamic --program-headers --dyn-syms --wide "$file")
    case $header in *'Type:'*DYN*) ;; *) complain "$file" 'is not position-independent' ;; esac
    case $facts in *BIND_NOW* | *'Flags: NOW'*) ;; *) complain "$file" 'binds lazily' ;; esac
    case $facts in *GNU_RELRO*) ;; *) complain "$file" 'has writable relocations' ;; esac
    ! echo "$facts" | grep -q 'GNU_STACK.* RWE' || complain "$file" 'has an executable stack'
    case $facts in *__stack_chk_fail*) ;; *) complain "$file" 'does not guard its stack' ;; esac
    case $facts in *_chk@*) ;; *) complain "$file" 'is built without _FORTIFY_SOURCE' ;; esac
    # Empty and relative entries stand for the current directory and those below it.
    echo "$facts" | sed -n 's/.*(R[A-Z]*PATH).*\[\(.*\)\]/:\1:/p' | while read -r path; do
        case $path in
        *::* | *:[!/$:]*) echo "$path" ;;
        esac
    done >"$installed/paths"
    [ ! -s "$installed/paths" ] || complain "$file" "looks for libraries in $(cat "$installed/paths")"
done
if [ "$count" -lt 8 ]; then
    echo "only $count programs and libraries were found"
    status=1
fi
exit $status
