#!/usr/bin/env bash
# In a bare, booted Debian, as root: installs the packages of /root/packages, uses the service as a
# member of its group and as somebody else, upgrades to /root/newer, removes and purges.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

fail() {
    echo "FAILED: $*"
    systemctl status --no-pager mocapd || true
    journalctl --no-pager -u mocapd | tail -n 20 || true
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
systemctl is-active --quiet mocapd || fail 'the service does not run'
systemctl is-enabled --quiet mocapd || fail 'the service is not enabled'
ldconfig -p | grep -q libmocap.so.2 || fail 'the loader does not find libmocap'
for page in man8/mocapd.8 man5/mocapd.conf.5 man1/mocapctl.1 man3/mocap.3 man7/mocap-protocol.7; do
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
as member timeout 60 mocapctl watch clip --count 3 --format json >/ci/records ||
    fail "a member of the group gets no records: $(cat /ci/records)"
[[ $(grep -c '"faces":\[{' /ci/records) == 3 ]] || fail "$(cat /ci/records)"
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

# ---- Upgraded
before=$(sha256sum /etc/mocapd/mocapd.conf)
apt_quietly install --no-install-recommends /root/newer/*.deb
[[ $(dpkg-query -W -f '${Version}' mocapd) == *+upgrade ]] || fail 'not upgraded'
[[ $(sha256sum /etc/mocapd/mocapd.conf) == "$before" ]] || fail 'the upgrade changed mocapd.conf'
as member timeout 60 mocapctl watch clip --count 1 >/dev/null || fail 'no records after the upgrade'
echo 'upgraded: mocapd.conf is as edited'

# ---- Removed and purged
apt_quietly remove mocapd
! systemctl is-active --quiet mocapd || fail 'the service runs on'
[[ ! -e /usr/bin/mocapd ]] || fail 'the program is left'
[[ $(sha256sum /etc/mocapd/mocapd.conf) == "$before" ]] || fail 'remove took the configuration'
apt_quietly purge '?installed?name(mocap)' '?config-files?name(mocap)'
left=$(list_files)
[[ -z $left ]] || fail "purge left: $left"
! getent group mocap mocap-control || fail 'purge left the groups'
! getent passwd mocapd || fail 'purge left the user'
[[ -z $(systemctl list-units --all --plain --no-legend '*mocap*') ]] || fail 'purge left units'
echo 'removed and purged: nothing is left'
