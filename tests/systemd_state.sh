#!/bin/sh
# Every program that keeps state (mc_path_state) finds a folder for it in the environment of its unit,
# which may write nowhere else: of the system StateDirectory=, of a user the folder that the program
# uses when it is started by hand.
# Usage: systemd_state.sh SOURCE_DIR
set -eu
cd "$1"

fail() {
    echo "$*"
    exit 1
}

# Which command line runs this source file.
command_of() {
    case $1 in
    daemon/*) echo mocapd ;;
    tools/bridge/*) echo mocap-bridge ;;
    tools/fleet/work.c) echo 'mocap-fleet work' ;;
    tools/web/*) echo mocap-web ;;
    *) fail "$1 keeps state: say here which program it belongs to" ;;
    esac
}

check_unit() {
    if grep -q '^WantedBy=default.target' "$1"; then
        # Before systemd 254 it is a user's ~/.config.
        ! grep -q '^StateDirectory=' "$1" || fail "$1: StateDirectory= is elsewhere than by hand"
        # shellcheck disable=SC2016 # %h is systemd's
        folder='%h/.local/state/mocapd'
        grep -qx "Environment=STATE_DIRECTORY=$folder" "$1" || fail "$1: no STATE_DIRECTORY"
        grep -qx "ReadWritePaths=-$folder" "$1" || fail "$1: it may not write its state"
        grep -qx "ExecStartPre=-+mkdir -p -m 0700 $folder" "$1" || fail "$1: nothing makes $folder"
    else
        grep -q '^StateDirectory=' "$1" || fail "$1: no StateDirectory="
        grep -qx 'StateDirectoryMode=0700' "$1" || fail "$1: others may read its state"
    fi
}

files=$(grep -rl --include='*.c' 'mc_path_state(' base daemon nn pipeline protocol server tools |
    grep -vx base/path.c)
[ -n "$files" ] || fail 'nothing keeps state'
for file in $files; do
    command=$(command_of "$file")
    units=$(grep -lE "^ExecStart=@CMAKE_INSTALL_FULL_BINDIR@/$command( |\$)" systemd/*.service.in) ||
        fail "$file keeps state, and no unit runs $command"
    for unit in $units; do
        check_unit "$unit"
    done
    echo "$command: $(echo "$units" | tr '\n' ' ')"
done
