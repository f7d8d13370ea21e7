#!/usr/bin/env bash
# A webcam that is unplugged and breaks, in the guest of v4l2_guest.sh: mocapd says
# so and is back by itself.
#
#   webcam.sh MOCAPD MOCAPCTL MODEL LOCATOR # outside: starts the guest
#
# Skipped (77) where the guest's packages or v4l2-ctl are absent.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Until the log has as many lines with this text; the guest is slow.
wait_for_lines() {
    local count=$1 text=$2 tries=1200
    until (($(grep -c "$text" /out/mocapd.log) >= count)); do
        if ((--tries == 0)) || ! kill -0 "$daemon" 2>/dev/null; then
            echo "webcam.sh: no '$text' within two minutes, or mocapd is gone:" >&2
            cat /out/mocapd.log >&2
            exit 1
        fi
        sleep 0.1
    done
}

in_guest() {
    local url='v4l2:/dev/video0?size=640x360&rate=30&format=yuyv'
    /out/mocapd --model /out/model --locator /out/locator --workers 1 \
        --socket /tmp/socket --linger 1 --stream "cam=$url" >/out/mocapd.log 2>&1 &
    daemon=$!
    wait_for_lines 1 'listens on'
    wait_for_lines 1 'cam is idle' # nobody watches: the camera is off
    /out/mocapctl --socket /tmp/socket watch >/dev/null 2>&1 &
    local watch=$!
    wait_for_lines 1 'cam is live'
    wait_for_lines 1 '/dev/video0: 640x360 yuyv at 30 pictures/s'
    v4l2-ctl -d /dev/video0 -c disconnect=1
    wait_for_lines 1 'was unplugged'
    wait_for_lines 2 'cam is live'
    v4l2-ctl -d /dev/video0 -c inject_fatal_streaming_error=1
    wait_for_lines 1 'Input/output error'
    wait_for_lines 3 'cam is live'
    kill "$watch"
    wait_for_lines 2 'cam is idle'
    kill "$daemon"
    wait "$daemon"
    echo 'webcam.sh: all is well'
}

if [[ ${1:-} == --in-guest ]]; then
    in_guest
    exit
fi

if ! command -v v4l2-ctl >/dev/null; then
    echo 'webcam.sh: skipped, no v4l2-ctl: needs the package v4l-utils'
    exit 77
fi
out=$(mktemp -d "${TMPDIR:-/tmp}/mocapd-webcam.XXXXXX")
trap 'rm -rf "$out"' EXIT
# Copies: a build under way must not change what the guest runs.
cp "$1" "$out/mocapd"
cp "$2" "$out/mocapctl"
cp "$3" "$out/model"
cp "$4" "$out/locator"
cp "${BASH_SOURCE[0]}" "$out/webcam.sh"
OUT=$out "$here/v4l2_guest.sh" --limit 600 /bin/bash /out/webcam.sh --in-guest
