#!/usr/bin/env bash
# Builds the Debian packages twice, in different directories: the bytes must be the same. Then boots a
# bare Debian and installs, uses, upgrades, removes and purges them there (packages_inside.sh).
# Usage: packages.sh SOURCE_DIR WORK_DIR
# Takes what apt has configured on this system as the source of packages. Needs root.
set -euo pipefail
source=$1
work=$2
rigs=$source/tests/rigs
limit_s=1800 # only a test that fails takes that long

skip() {
    echo "skipped: $*"
    exit 77
}

((EUID == 0)) || skip 'only root can boot a container'
for tool in mmdebstrap systemd-nspawn dpkg-buildpackage lintian; do
    command -v "$tool" >/dev/null || skip "no $tool"
done

# ---- The same bytes

rm -rf "$work"
mkdir -p "$work"
build() {
    "$source/package" "$work/$1" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
}
export CCACHE_DISABLE=1 # or the second build would only copy the first
build first
# In another directory, at another time of day, in another language, on one processor.
(export TZ=Pacific/Apia LC_ALL=C.UTF-8
    umask 027
    DEB_BUILD_OPTIONS='nocheck noautodbgsym parallel=1' build elsewhere/and-deeper)
for package in "$work"/first/*.deb; do
    cmp "$package" "$work/elsewhere/and-deeper/${package##*/}"
done
echo "reproducible: $(find "$work/first" -name '*.deb' | wc -l) packages"

# ---- A newer version, for the upgrade

newer=$work/newer
mkdir "$newer"
for package in "$work"/first/*.deb; do
    rm -rf "$work/unpacked"
    dpkg-deb -R "$package" "$work/unpacked"
    sed -i -E -e 's/^(Version: .*)$/\1+upgrade/' -e 's/(\(= [^)]*)\)/\1+upgrade)/g' \
        "$work/unpacked/DEBIAN/control"
    dpkg-deb --root-owner-group -b "$work/unpacked" "$newer" >/dev/null
done
rm -rf "$work/unpacked"

# ---- A bare system, where apt has downloaded what the packages depend on

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mapfile -t lists < <(find /etc/apt/sources.list /etc/apt/sources.list.d -type f \
    \( -name '*.list' -o -name '*.sources' \) -exec grep -l "$suite" {} + 2>/dev/null)
tree=$work/tree
mmdebstrap --quiet --variant=minbase --include=systemd-sysv,dbus --skip=cleanup/apt \
    --customize-hook="mkdir -p \"\$1/root/packages\" \"\$1/root/newer\" \"\$1/ci\"" \
    --customize-hook="cp '$work'/first/*.deb \"\$1/root/packages\"" \
    --customize-hook="cp '$newer'/*.deb \"\$1/root/newer\"" \
    --customize-hook="chroot \"\$1\" sh -c 'apt-get update -qq && apt-get install -qq --yes \
        --no-install-recommends --download-only /root/packages/*.deb nats-server' >/dev/null" \
    "$suite" "$tree" "${lists[@]}"
cat >"$tree/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /ci/script >/ci/log 2>&1; echo $? >/ci/status'
ExecStopPost=/usr/bin/systemctl --no-block poweroff
UNIT
mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
ln -s ../inside.service "$tree/etc/systemd/system/multi-user.target.wants/inside.service"
ln -sf /lib/systemd/system/multi-user.target "$tree/etc/systemd/system/default.target"

# ---- Booted, without a network

mkdir "$work/ci"
cp "$rigs/packages_inside.sh" "$work/ci/script"
# systemd-nspawn insists on a tmpfs at /run: here it gets one of its own.
export tree work limit_s
unshare --mount bash -c 'mount -t tmpfs tmpfs /run && timeout "$limit_s" systemd-nspawn --quiet \
    --register=no --keep-unit --private-network --directory="$tree" --boot --console=pipe \
    --machine=packages-$$ --bind="$work/ci:/ci" </dev/null' >"$work/console" 2>&1 || true
cat "$work/ci/log" 2>/dev/null || cat "$work/console"
status=$(cat "$work/ci/status" 2>/dev/null || echo 125)
rm -rf "$tree" "$newer"
exit "$status"
