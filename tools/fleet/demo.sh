#!/usr/bin/env bash
# A fleet on one machine: a broker, three daemons with three streams each that show the built-in clip,
# and, as on a machine without cameras, their streams on one socket with a page. Ctrl-C stops all.
# "./run --fleet" starts it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$root/build/release/bin
machines=(hall stage lobby)

say() {
    echo "run: $*" >&2
}

"$root/setup" fleet >&2
say "building to ${bin%/bin}"
(cd "$root" && cmake --preset release &&
    cmake --build --preset release --target installed) >&2
if [[ ! -x $bin/mocap-fleet ]]; then
    say 'there is no mocap-fleet: libnats-dev and libmosquitto-dev must be installed'
    exit 1
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/mocap-fleet.XXXXXX")
pids=()

# shellcheck disable=SC2317 # the trap calls it
stop() {
    trap - EXIT
    trap '' INT TERM HUP
    local i
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    rm -rf "$directory"
    say 'the fleet has stopped'
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# start NAME PROGRAM ARGUMENTS: in a session of its own, so that Ctrl-C reaches it through stop alone.
start() {
    local name=$1
    shift
    setsid "$@" >"$directory/$name.log" 2>&1 &
    pids+=($!)
}

# wait_for NAME WORDS: until its log has them.
wait_for() {
    until grep -q -- "$2" "$directory/$1.log"; do
        if ! kill -0 "${pids[-1]}" 2>/dev/null; then
            cat "$directory/$1.log" >&2
            exit 1
        fi
        sleep 0.05
    done
}

free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((port + 1))
    done
    echo "$port"
}

port=$(free_port 4222)
start broker "$(PATH=$PATH:/usr/sbin command -v nats-server)" -a 127.0.0.1 -p "$port" -js \
    -sd "$directory/jetstream"
wait_for broker 'Server is ready'
say "the broker listens on 127.0.0.1:$port"

for machine in "${machines[@]}"; do
    streams=()
    for number in 1 2 3; do
        streams+=(--stream "$machine-$number=demo:")
    done
    start "mocapd-$machine" "$bin/mocapd" "${streams[@]}" --repeat --workers 1 \
        --wait-subscribers 1 --socket "$directory/$machine.sock"
    until [[ -S $directory/$machine.sock ]]; do
        kill -0 "${pids[-1]}" 2>/dev/null || { cat "$directory/mocapd-$machine.log" >&2; exit 1; }
        sleep 0.05
    done
    start "publish-$machine" "$bin/mocap-fleet" publish --nats "nats://127.0.0.1:$port" \
        --machine "$machine" --socket "$directory/$machine.sock"
done
say "three daemons publish: ${machines[*]}"

start serve "$bin/mocap-fleet" serve --nats "nats://127.0.0.1:$port" \
    --socket "$directory/fleet.sock"
wait_for serve 'serving the streams'
say "all streams are at $directory/fleet.sock"
start web "$bin/mocap-web" --socket "$directory/fleet.sock" --listen "$(free_port 8040)"
wait_for web ' open http://'
say "$(grep -o 'open http://[^;]*' "$directory/web.log") for a page; Ctrl-C stops all"
"$bin/mocapctl" --socket "$directory/fleet.sock" watch
