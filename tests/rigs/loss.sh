#!/usr/bin/env bash
# A camera behind a network that loses packets, then all of them: in a network
# namespace whose firewall drops them.
#
#   loss.sh MOCAPD MOCAPCTL
#
# Over UDP a tenth of the packets is lost: the stream stays live, and frames with
# errors are marked. Then nothing comes through for 8 s, over TCP: mocapd says so, and
# is back by itself. At last the link is slower than the stream, over TCP: frames come
# later and later, so mocapd drops them and connects again. Skipped (77) without root,
# ip, nft or the packages of rtsp_server.py.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mocapd=$1 mocapctl=$2
namespace=mocapd$$ camera_end=mc$$ host_end=mh$$
camera=10.77.143.1 host=10.77.143.2 port=8554

skip() {
    echo "loss.sh: skipped: $*"
    exit 77
}

((EUID == 0)) || skip 'needs root'
for tool in ip nft; do
    command -v "$tool" >/dev/null || skip 'needs the packages iproute2, nftables'
done
/usr/bin/python3 -c "import gi; gi.require_version('GstRtspServer', '1.0')" 2>/dev/null ||
    skip 'needs the packages of rtsp_server.py'

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mocapd-loss.XXXXXX")
pids=()
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
    ip netns delete "$namespace" 2>/dev/null || true
    ip link delete "$host_end" 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT

inside() {
    ip netns exec "$namespace" "$@"
}

# Drops what the rule's words describe, of what the camera sends.
lose() {
    inside nft add rule inet loss out "$@" drop
}

lose_nothing() {
    inside nft flush chain inet loss out
}

{
    ip netns add "$namespace" &&
        ip link add "$host_end" type veth peer name "$camera_end" netns "$namespace" &&
        ip address add "$host/30" dev "$host_end" && ip link set "$host_end" up &&
        inside ip address add "$camera/30" dev "$camera_end" &&
        inside ip link set "$camera_end" up &&
        inside nft add table inet loss &&
        inside nft add chain inet loss out '{ type filter hook output priority 0; }'
} || skip 'the kernel has no namespaces, veth or nftables'

fail() {
    echo "loss.sh: $*; mocapd said:" >&2
    cat "$scratch/log" >&2
    "$mocapctl" --socket "$scratch/sock" status >&2
    exit 1
}

# Until the command succeeds, for that many seconds.
wait_for() {
    local seconds=$1 tries=$(($1 * 10))
    shift
    until "$@"; do
        ((tries-- > 0)) || fail "not within $seconds s: $*"
        sleep 0.1
    done
}

# How often the log has it.
count_logged() {
    grep -c "$1" "$scratch/log" || true
}

logged() {
    (($(count_logged "$2") >= $1))
}

# A column of the status: 3 records, 4 connects.
column() {
    "$mocapctl" --socket "$scratch/sock" status | awk -v n="$1" '$1 == "cam" { print $n }'
}

more_records_than() {
    (($(column 3) > $1))
}

watch() {
    : >"$scratch/log"
    "$mocapd" --socket "$scratch/sock" --workers 1 --region 0,0,120,120 --stream "cam=$1" \
        2>"$scratch/log" &
    daemon=$!
    pids+=("$daemon")
    wait_for 30 logged 1 'cam is live'
}

stop_watching() {
    kill "$daemon"
    wait "$daemon" || fail "mocapd ended with $?"
}

# Not by inside: the process to kill would be the shell around it.
ip netns exec "$namespace" /usr/bin/python3 "$here/rtsp_server.py" --bind "$camera" \
    --port "$port" --size 320x240 --bit-rate 3000 >"$scratch/server" 2>&1 &
pids+=($!)
wait_for 30 grep -q READY "$scratch/server"

damaged() {
    "$mocapctl" --socket "$scratch/sock" metrics |
        awk '/^mocapd_frames_damaged_total/ { print $2 }'
}

more_damaged_than() {
    (($(damaged) > $1))
}

# Column 6 of the status.
more_late_than() {
    (($(column 6) > $1))
}

watch "rtsp://$camera:$port/live?udp"
(($(damaged) == 0)) || fail 'frames are marked as damaged though none is'
# A slow machine may have needed several attempts.
connects=$(column 4) stalls=$(count_logged stalled)
lose meta l4proto udp numgen random mod 10 == 0
wait_for 60 more_records_than $(($(column 3) + 60))
wait_for 60 more_damaged_than 2
lose_nothing
(($(column 4) == connects)) || fail 'lost packets ended the connection'
(($(count_logged stalled) == stalls)) || fail 'lost packets stalled the stream'
stop_watching

watch "rtsp://$camera:$port/live"
lose meta l4proto tcp
wait_for 15 logged 1 'cam is stalled: no frame'
wait_for 15 logged 1 'cam is connecting: .*no frame for 5 s'
sleep 1
lose_nothing
wait_for 15 logged 2 'cam is live'
wait_for 15 more_records_than $(($(column 3) + 10))
stop_watching

if inside tc qdisc add dev "$camera_end" root tbf rate 200kbit burst 4kb limit 20kb; then
    inside tc qdisc delete dev "$camera_end" root
    watch "rtsp://$camera:$port/live"
    wait_for 15 more_records_than 30
    inside tc qdisc add dev "$camera_end" root tbf rate 200kbit burst 4kb limit 20kb
    wait_for 60 more_late_than 0
    wait_for 60 logged 1 'cam is connecting: .*more than a second late'
    inside tc qdisc delete dev "$camera_end" root
    wait_for 15 logged 2 'cam is live'
    wait_for 15 more_records_than $(($(column 3) + 10))
    stop_watching
else
    echo 'loss.sh: no slow link: the kernel has no token bucket'
fi
echo 'loss.sh: all is well'
