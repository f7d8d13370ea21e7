#!/usr/bin/env bash
# In a booted system with mocapd installed, as root: its units keep their promises while they run, with
# files, a network source, the page and an avatar program.
set -euo pipefail
export LC_ALL=C.UTF-8

fail() {
    echo "FAILED: $*"
    journalctl --no-pager -n 60 || true
    exit 1
}

# Until the command succeeds; only a test that fails waits for minutes.
wait_for() {
    local tries=900
    until "$@" >/dev/null 2>&1; do
        ((--tries)) || fail "not in time: $*"
        sleep 0.2
    done
}

as_member() {
    runuser -u rig-member -- env XDG_RUNTIME_DIR="/run/user/$(id -u rig-member)" "$@"
}

# check_score LIMIT UNIT COMMAND...: the exposure level, times 10, of a unit that is loaded
check_score() {
    local limit=$1 unit=$2
    shift 2
    "$@" security --no-pager --threshold="$limit" "$unit" >/tmp/score || fail "$(tail -n 1 /tmp/score)"
    tail -n 1 /tmp/score
}

ip link set lo up
systemd-sysusers
useradd --create-home --groups mocap,mocap-control,video rig-member
synthface -o /srv/clip.mp4 --frames 100 --seed 3
/usr/bin/python3 /src/tests/rigs/rtsp_server.py --port 8554 --size 320x240 >/tmp/camera 2>&1 &
wait_for grep -q READY /tmp/camera

# ---- The system's daemon
cat >>/etc/mocapd/mocapd.conf <<'CONF'
control-group = mocap-control
repeat = yes
[stream clip]
url = /srv/clip.mp4
[stream apart]
url = /srv/clip.mp4
isolate = yes
[stream camera]
url = rtsp://127.0.0.1:8554/live
isolate = yes
CONF
systemctl start mocapd || fail 'the service does not start'
check_score 13 mocapd.service systemd-analyze
[[ $(systemctl show -p MemoryMax --value mocapd) != infinity ]] || fail 'no MemoryMax'
[[ $(systemctl show -p TasksMax --value mocapd) == 1024 ]] || fail 'no TasksMax'

# Column N of a stream's status.
column() {
    as_member mocapctl status | awk -v stream="$1" -v n="$2" '$1 == stream { print $n }'
}

has_records() {
    (($(column "$1" 3) >= ${2:-20}))
}

for stream in clip apart camera; do
    as_member timeout 180 mocapctl watch "$stream" --count 3 --format json >/tmp/records ||
        fail "$stream: no records"
done
wait_for has_records camera
as_member mocapctl status
[[ $(column clip 11)$(column apart 11)$(column camera 11) == noyesyes ]] || fail 'what is isolated'

# The decoder of a stream; both are in the unit's control group, and confined.
decoders() {
    pgrep --exact decoder || true
}
mapfile -t found < <(decoders)
((${#found[@]} == 2)) || fail "${#found[@]} decoder processes"
for pid in "${found[@]}"; do
    grep -q '^Seccomp:\s*2$' "/proc/$pid/status" || fail 'a decoder has no seccomp filter'
    grep -q '/mocapd.service$' "/proc/$pid/cgroup" || fail 'a decoder is not in the unit'
    ! ls -l "/proc/$pid/fd" | grep -q 'mocapd.sock' || fail 'a decoder has the socket'
done

# One decoder crashes: its stream is back, the others do not notice.
camera_pid=
for pid in "${found[@]}"; do
    ss --no-header --tcp --numeric --processes | grep -q "8554.*pid=$pid," && camera_pid=$pid
done
[[ -n $camera_pid ]] || fail 'no decoder has the connection to the camera'
clip_before=$(column clip 3) apart_before=$(column apart 3) connects=$(column camera 4)
kill -SEGV "$camera_pid"
wait_for bash -c 'journalctl -u mocapd | grep -q "camera is connecting: .*the decoder crashed (SIGSEGV)"'
before=$(column camera 3)
wait_for has_records camera $((before + 20))
wait_for has_records clip $((clip_before + 20))
wait_for has_records apart $((apart_before + 20))
(($(column camera 4) == connects + 1)) || fail "connects: $(as_member mocapctl status)"
for pid in "${found[@]}"; do
    [[ $pid == "$camera_pid" || -d /proc/$pid ]] || fail 'the crash ended the other decoder, too'
done
echo 'the system: a file and a camera, isolated; a crash of one decoder is its own'

as_member timeout 180 mocapctl calibrate clip >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
[[ -n $(find /var/lib/mocapd -type f) ]] || fail 'no calibration is kept'

# ---- The page and an avatar program, of a user, on the system's daemon
uid=$(id -u rig-member)
loginctl enable-linger rig-member
wait_for systemctl is-active --quiet "user@$uid"
as_member mkdir -p /home/rig-member/.config/mocapd
printf '[target vmc]\ntype = vmc\naddress = 127.0.0.1\n' |
    as_member tee /home/rig-member/.config/mocapd/mocap-bridge.conf >/dev/null

state=/home/rig-member/.local/state/mocapd
check_page() {
    as_member systemctl --user start mocap-web mocap-bridge || fail 'mocap-web or mocap-bridge'
    check_score 17 mocap-web.service as_member systemd-analyze --user
    check_score 17 mocap-bridge.service as_member systemd-analyze --user
    timeout 180 /usr/bin/python3 - <<'PYTHON' || fail 'the page or the bridge gives nothing'
import socket, sys
sys.path.insert(0, "/src/tests/tools")
sys.dont_write_bytecode = True
from check_web import Browser

class Web:
    def host(self):
        return "127.0.0.1:8040"

    def connect(self):
        return socket.create_connection(("127.0.0.1", 8040), 60)

while True:
    try:
        browser = Browser(Web())
        break
    except ConnectionRefusedError:
        pass
assert browser.welcome
assert browser.read_type("motion")["type"] == "motion"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as avatar:
    avatar.bind(("127.0.0.1", 39539))
    avatar.settimeout(60)
    assert b"/VMC/" in avatar.recv(65536)
PYTHON
    as_member systemctl --user is-active --quiet mocap-web mocap-bridge || fail 'one has ended'
    as_member systemctl --user stop mocap-web mocap-bridge
    [[ -f $state/mocap-web.token ]] || fail "the page's token is not kept where it is by hand"
}
check_page
echo 'the page and the bridge: on the system'"'"'s daemon'

# ---- The user's own daemon
systemctl stop mocapd
cp /srv/clip.mp4 /home/rig-member/clip.mp4
mknod /dev/video7 c 1 3 # opened as a camera is, and no camera
chgrp video /dev/video7
chmod 0660 /dev/video7
as_member tee /home/rig-member/.config/mocapd/mocapd.conf >/dev/null <<'CONF'
repeat = yes
isolate = yes
[stream clip]
url = /home/rig-member/clip.mp4
isolate = no
[stream apart]
url = /home/rig-member/clip.mp4
[stream camera]
url = rtsp://127.0.0.1:8554/live
[stream webcam]
url = v4l2:/dev/video7
isolate = no
CONF
as_member systemctl --user start mocapd || fail "the user's service does not start"
check_score 20 mocapd.service as_member systemd-analyze --user
for stream in clip apart camera; do
    as_member timeout 180 mocapctl watch "$stream" --count 3 --format json >/tmp/records ||
        fail "$stream: no records"
done
as_member mocapctl watch webcam >/dev/null 2>&1 & # opens it
wait_for bash -c 'journalctl | grep -q "stream webcam is .*/dev/video7: "'
! journalctl | grep -q 'video7: Permission denied' || fail 'it may not open cameras'
as_member timeout 180 mocapctl calibrate clip >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
[[ -n $(find $state/calibration -type f) ]] || fail 'the calibration is not kept where it is by hand'
as_member mocapctl status
check_page
echo "the user's: a file, a camera, isolated, and the page"
