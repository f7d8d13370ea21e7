#!/usr/bin/env bash
# In a bare, booted Debian, as root: installs the packages of /root/packages, uses the service as a
# member of its group and as somebody else, shares its stream with a fleet, upgrades to /root/newer,
# removes and purges.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

fail() {
    echo "FAILED: $*"
    systemctl status --no-pager '*mocap*' || true
    journalctl --no-pager -u '*mocap*' | tail -n 40 || true
    exit 1
}

apt_quietly() {
    apt-get --yes -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io "$@" >/ci/apt.log 2>&1 || {
        cat /ci/apt.log
        fail "apt-get $*"
    }
}

as() {
    runuser -u "$1" -- "${@:2}"
}

# Until the command succeeds; only a test that fails waits for minutes.
wait_for() {
    local tries=600
    until "$@" >/dev/null 2>&1; do
        ((--tries)) || fail "not in time: $*"
        sleep 0.2
    done
}

# is_state UNIT active|inactive enabled|disabled
is_state() {
    [[ $(systemctl is-active "$1") == "$2" && $(systemctl is-enabled "$1") == "$3" ]]
}

# watch STREAM [SOCKET]: a member gets three records of it
watch() {
    as member timeout 120 mocapctl ${2:+--socket "$2"} watch "$1" --count 3 --format json >/ci/records 2>&1 ||
        fail "no records of $1: $(cat /ci/records)"
    [[ $(grep -c '"faces":\[{' /ci/records) == 3 ]] || fail "$1: $(cat /ci/records)"
}

# has_stream STREAM [SOCKET]
has_stream() {
    as member timeout 60 mocapctl ${2:+--socket "$2"} status | grep -q "^$1 "
}

lacks_stream() {
    ! has_stream "$@"
}

# check_score LIMIT UNIT: the exposure level, times 10, of a unit that runs
check_score() {
    systemctl is-active --quiet "$2" || fail "$2 does not run"
    systemd-analyze security --no-pager --threshold="$1" "$2" >/ci/score || fail "$(tail -n 1 /ci/score)"
    echo "$2: $(tail -n 1 /ci/score)"
}

# Everything on the disk but what is the packages' own system's or the test's.
list_files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /ci \
        -o -path /root -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \
        -o -path /var/log \) -prune -o -name '*mocap*' -print
}

[[ -z $(list_files) ]] || fail 'the system is not bare'

# ---- Installed
apt_quietly install --no-install-recommends /root/packages/*.deb
echo "installed: $(grep -c '^Setting up' /ci/apt.log) packages"
is_state mocapd.service active enabled || fail 'the service is not enabled, or does not run'
for unit in mocapd.socket mocap-fleet-{publish,work,serve}.service; do
    is_state "$unit" inactive disabled || fail "$unit: it is its administrator's choice"
done
ldconfig -p | grep -q libmocap.so.2 || fail 'the loader does not find libmocap'
for page in man8/mocapd.8 man5/mocapd.conf.5 man1/mocapctl.1 man3/mocap.3 man7/mocap-protocol.7 \
    man1/mocap-fleet.1; do
    # Minimal systems exclude pages when they unpack.
    dpkg -S "/usr/share/man/$page.gz" >/dev/null || fail "no manual page $page"
done

# ---- On a file
synthface -o /srv/clip.mp4 --frames 100 --seed 3
cat >>/etc/mocapd/mocapd.conf <<'CONF'
[stream clip]
url = /srv/clip.mp4
repeat = yes
CONF
systemctl restart mocapd || fail 'the service does not run on a file'
useradd --create-home member
useradd --create-home outsider
usermod -aG mocap member
watch clip
check_score 13 mocapd.service
as member timeout 60 python3 - <<'PYTHON' || fail 'the Python module gets no record'
import mocap
with mocap.connect() as client:
    client.subscribe(include=["pose"])
    assert next(message for message in client if isinstance(message, mocap.Record)).faces
PYTHON
echo 'a member of the group gets records'

# ---- Outside the group
for program in 'mocapctl status' 'python3 -c "import mocap; mocap.connect()"'; do
    ! as outsider timeout 60 bash -c "$program" >/ci/refused 2>&1 || fail 'anybody may connect'
    grep -q 'usermod -aG mocap outsider' /ci/refused || fail "$program: $(cat /ci/refused)"
done
grep usermod /ci/refused
usermod -aG mocap outsider
as outsider timeout 60 mocapctl status >/dev/null || fail 'what the sentence says does not help'

# ---- In a fleet, over a broker here
apt_quietly install --no-install-recommends nats-server
cat >>/etc/nats-server.conf <<'CONF'
jetstream { store_dir: /tmp/jetstream }
CONF
systemctl restart nats-server || fail 'the broker does not start'
# What a machine without cameras would do, on a socket of its own.
systemd-run --quiet --unit=elsewhere --uid=member mocap-fleet serve --nats nats://localhost:4222 \
    --socket /tmp/elsewhere.sock
wait_for test -S /tmp/elsewhere.sock

systemctl start mocap-fleet-publish || fail 'mocap-fleet-publish does not start'
wait_for has_stream clip /tmp/elsewhere.sock
watch clip /tmp/elsewhere.sock
check_score 12 mocap-fleet-publish.service

# The fleet says what this machine watches, beside its own stream.
mocap-fleet streams add shared=/srv/clip.mp4 repeat=yes --nats nats://localhost:4222 ||
    fail 'no stream can be added'
systemctl start mocap-fleet-work || fail 'mocap-fleet-work does not start'
[[ $(stat -c '%U %a' /var/lib/mocap-fleet) == 'mocapd 700' ]] || fail 'mocap-fleet-work has no state'
! systemctl is-active --quiet mocap-fleet-publish || fail 'both publish'
wait_for has_stream shared
watch shared
watch shared /tmp/elsewhere.sock
check_score 12 mocap-fleet-work.service
systemctl stop mocap-fleet-work
wait_for lacks_stream shared # given back

# As on a machine without cameras: its socket is where mocapd's was.
systemctl stop elsewhere
mkdir -m 0750 /run/cameras
chown mocapd:mocap /run/cameras
systemd-run --quiet --unit=cameras --uid=mocapd mocapd --socket /run/cameras/mocapd.sock \
    --stream far=/srv/clip.mp4 --repeat
wait_for test -S /run/cameras/mocapd.sock
systemd-run --quiet --unit=far --uid=mocapd mocap-fleet publish --nats nats://localhost:4222 \
    --socket /run/cameras/mocapd.sock
systemctl start mocap-fleet-serve || fail 'mocap-fleet-serve does not start'
! systemctl is-active --quiet mocapd || fail 'two serve the same socket'
wait_for has_stream far
watch far
! as nobody timeout 60 mocapctl status >/ci/refused 2>&1 || fail 'anybody may connect to the fleet'
grep -q 'usermod -aG mocap nobody' /ci/refused || fail "the fleet: $(cat /ci/refused)"
check_score 12 mocap-fleet-serve.service
systemctl stop mocap-fleet-serve far cameras
systemctl start mocapd mocap-fleet-publish || fail 'mocapd does not start again'
echo 'the fleet gets records, adds streams and is served'

# ---- Upgraded
before=$(sha256sum /etc/mocapd/mocapd.conf)
declare -A pids
for unit in mocapd.service mocap-fleet-publish.service; do
    pids[$unit]=$(systemctl show -p MainPID --value "$unit")
done
apt_quietly install --no-install-recommends /root/newer/*.deb
[[ $(dpkg-query -W -f '${Version}' mocapd) == *+upgrade ]] || fail 'not upgraded'
[[ $(sha256sum /etc/mocapd/mocapd.conf) == "$before" ]] || fail 'the upgrade changed mocapd.conf'
for unit in mocapd.service mocap-fleet-publish.service; do
    [[ $(systemctl show -p MainPID --value "$unit") != "${pids[$unit]}" ]] || fail "$unit is the old one"
done
is_state mocapd.service active enabled || fail 'the upgrade ended mocapd'
is_state mocap-fleet-publish.service active disabled || fail 'the upgrade ended mocap-fleet-publish'
watch clip
echo 'upgraded: mocapd.conf is as edited'

# ---- Removed and purged
apt_quietly remove mocapd
! systemctl is-active --quiet mocapd || fail 'the service runs on'
[[ ! -e /usr/bin/mocapd ]] || fail 'the program is left'
[[ $(sha256sum /etc/mocapd/mocapd.conf) == "$before" ]] || fail 'remove took the configuration'
apt_quietly purge mocapd
getent passwd mocapd >/dev/null && getent group mocap >/dev/null ||
    fail 'purging mocapd took the user of mocap-fleet'
is_state mocap-fleet-publish active disabled || fail 'purging mocapd ended mocap-fleet-publish'
apt_quietly purge '?installed?name(mocap)' '?config-files?name(mocap)'
left=$(list_files)
[[ -z $left ]] || fail "purge left: $left"
! getent group mocap mocap-control || fail 'purge left the groups'
! getent passwd mocapd || fail 'purge left the user'
[[ -z $(systemctl list-units --all --plain --no-legend '*mocap*') ]] || fail 'purge left units'
echo 'removed and purged: nothing is left'
