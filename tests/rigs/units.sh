#!/usr/bin/env bash
# Boots systemd over this machine's own files, which stay as they are, with mocapd installed; there its
# units run (units_inside.sh).
# Usage: units.sh SOURCE_DIR BUILD_DIR
# The build directory must be built as a whole. Skipped (77) without root, systemd-nspawn or the
# packages of rtsp_server.py.
set -euo pipefail
source=$1
build=$2
limit_s=1800 # only a test that fails takes that long

skip() {
    echo "skipped: $*"
    exit 77
}

((EUID == 0)) || skip 'only root can boot a container'
command -v systemd-nspawn >/dev/null || skip 'no systemd-nspawn'
[[ -x /lib/systemd/systemd && -e /lib/systemd/system/systemd-logind.service ]] || skip 'no systemd'
ls /lib/*/security/pam_systemd.so >/dev/null 2>&1 || skip 'no libpam-systemd: users get no manager'
/usr/bin/python3 -c "import gi; gi.require_version('GstRtspServer', '1.0')" 2>/dev/null ||
    skip 'needs the packages of rtsp_server.py'

ci=$(mktemp -d "${TMPDIR:-/tmp}/mocapd-units.XXXXXX")
trap 'rm -rf "$ci"' EXIT
cp "$source/tests/rigs/units_inside.sh" "$ci/script"

# In a mount namespace: what is written lies in memory, and is gone with it. systemd-nspawn insists on
# a tmpfs at /run.
boot() {
    mount -t tmpfs tmpfs /run
    mkdir /run/upper /run/work /run/tree
    mount -t overlay overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work /run/tree ||
        return 77
    tree=/run/tree
    DESTDIR=$tree cmake --install "$build" --prefix /usr >/dev/null
    mkdir -p "$tree/ci" "$tree/src"
    cat >"$tree/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /ci/script >/ci/log 2>&1; echo $? >/ci/status'
ExecStopPost=/usr/bin/systemctl --no-block poweroff
UNIT
    # This machine's other services stay off.
    cat >"$tree/etc/systemd/system/inside.target" <<'UNIT'
[Unit]
Requires=basic.target
Wants=inside.service systemd-logind.service systemd-user-sessions.service
After=basic.target
AllowIsolate=yes
UNIT
    ln -sf inside.target "$tree/etc/systemd/system/default.target"
    ln -sf /dev/null "$tree/etc/systemd/system/systemd-networkd-wait-online.service"
    timeout "$limit_s" systemd-nspawn --quiet --register=no --keep-unit --private-network \
        --directory="$tree" --boot --console=pipe --machine=units-$$ --bind="$ci:/ci" \
        --bind-ro="$source:/src" </dev/null || true
}
export source build ci limit_s
export -f boot
status=0
unshare --mount bash -euo pipefail -c boot >"$ci/console" 2>&1 || status=$?
((status != 77)) || skip 'the kernel has no overlay of file systems'
cat "$ci/log" 2>/dev/null || cat "$ci/console"
exit "$(cat "$ci/status" 2>/dev/null || echo 125)"
