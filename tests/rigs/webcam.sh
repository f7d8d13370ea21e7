#!/usr/bin/env bash
# A webcam that is unplugged and breaks, in the guest of v4l2_guest.sh: mocapd says
# so and is back by itself. With --mjpeg one of MJPEG, whose frames ffmpeg makes: it
# is there before they are, stops, and sends damaged ones.
#
#   webcam.sh [--mjpeg] BUILD_DIR # outside: starts the guest
#
# Skipped (77) where the guest's packages, v4l2-ctl or ffmpeg are absent.
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

# Starts mocapd with its arguments, and a subscriber.
start() {
    /out/bin/mocapd --workers 1 --socket /tmp/socket --linger 1 "$@" >/out/mocapd.log 2>&1 &
    daemon=$!
    wait_for_lines 1 'listens on'
    wait_for_lines 1 'cam is idle' # nobody watches: the camera is off
    /out/bin/mocapctl --socket /tmp/socket watch >/dev/null 2>&1 &
    watch=$!
}

finish() {
    kill "$watch"
    wait_for_lines 2 'cam is idle'
    kill "$daemon"
    wait "$daemon"
    echo 'webcam.sh: all is well'
}

in_guest() {
    start --stream 'cam=v4l2:/dev/video0?size=640x360&rate=30&format=yuyv'
    wait_for_lines 1 'cam is live'
    wait_for_lines 1 '/dev/video0: 640x360 yuyv at 30 frames/s'
    v4l2-ctl -d /dev/video0 -c disconnect=1
    wait_for_lines 1 'was unplugged'
    wait_for_lines 2 'cam is live'
    v4l2-ctl -d /dev/video0 -c inject_fatal_streaming_error=1
    wait_for_lines 1 'Input/output error'
    wait_for_lines 3 'cam is live'
    finish
}

# Writes MJPEG to the loopback until it is killed; arguments as ffmpeg's.
feed() {
    ffmpeg -v error -nostdin -re -f lavfi -i testsrc2=size=640x360:rate=10 -c:v mjpeg "$@" \
        -f v4l2 /dev/video7 &
    feeder=$!
}

# The number that mocapctl metrics has behind this name.
metric() {
    /out/bin/mocapctl --socket /tmp/socket metrics cam | awk -v name="$1" '$1 ~ name { print $2 }'
}

# Until that many frames came and that many of them are damaged.
wait_for_frames() {
    local tries=120
    until (($(metric ^mocapd_frames_decoded) >= $1 && $(metric ^mocapd_frames_damaged) >= $2)); do
        if ((--tries == 0)); then
            echo "webcam.sh: not $1 frames and $2 damaged ones:" >&2
            /out/bin/mocapctl --socket /tmp/socket metrics cam >&2
            exit 1
        fi
        sleep 1
    done
}

in_guest_mjpeg() {
    # Nobody feeds them: the first lists no format, the second is no camera yet.
    insmod /out/v4l2loopback.ko video_nr=7,8 devices=2 exclusive_caps=0,1
    start --stream 'cam=v4l2:/dev/video7?size=640x360&rate=10&format=mjpeg' \
        --stream 'other=v4l2:/dev/video8'
    wait_for_lines 1 'cam is connecting: .*no program feeds it'
    wait_for_lines 1 'other is connecting: .*is not a camera'
    feed
    wait_for_lines 1 '/dev/video7: 640x360 mjpeg at 10 frames/s'
    wait_for_lines 1 'cam is live'
    wait_for_frames 20 0
    (($(metric ^mocapd_frames_damaged) == 0))
    kill "$feeder"
    wait_for_lines 1 'no frame for 5 s'
    feed -bsf:v noise=amount=5000
    wait_for_lines 2 'cam is live'
    wait_for_frames 40 10
    kill "$feeder"
    finish
    if grep -q 'is failed' /out/mocapd.log; then
        cat /out/mocapd.log >&2
        exit 1
    fi
}

if [[ ${1:-} == --in-guest ]]; then
    "in_guest${2:-}"
    exit
fi

variant='' guest=()
if [[ ${1:-} == --mjpeg ]]; then
    variant=_mjpeg guest=(--loopback)
    shift
fi
for tool in v4l2-ctl ${variant:+ffmpeg}; do
    if ! command -v "$tool" >/dev/null; then
        echo "webcam.sh: skipped, no $tool: needs the packages v4l-utils${variant:+, ffmpeg}"
        exit 77
    fi
done
out=$(mktemp -d "${TMPDIR:-/tmp}/mocapd-webcam.XXXXXX")
trap 'rm -rf "$out"' EXIT
# Copies: a build under way must not change what the guest runs.
mkdir -p "$out/bin" "$out/share/mocapd"
cp "$1"/bin/{mocapd,mocapctl} "$out/bin"
cp "$1"/share/mocapd/*.safetensors "$out/share/mocapd"
cp "${BASH_SOURCE[0]}" "$out/webcam.sh"
OUT=$out "$here/v4l2_guest.sh" --limit 600 "${guest[@]}" \
    /bin/bash /out/webcam.sh --in-guest "$variant"
