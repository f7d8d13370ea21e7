#!/usr/bin/env bash
# Runs a command beside a webcam: in a small virtual machine with Debian's own
# kernel, whose module vivid plays the webcam at /dev/video0.
#
#   v4l2_guest.sh [--limit SECONDS] [--vivid "MODULE OPTIONS"] [--loopback] COMMAND...
#
# The guest's root is this machine's, read-only under a layer that is thrown
# away; /out in the guest is $OUT here. Its exit status is COMMAND's, 77 when a
# package is missing. The first run fetches the kernel's package (71 MB) and keeps 10 MB
# of it in ${XDG_CACHE_HOME:-~/.cache}/mocapd-guest.
#
# With --loopback the module v4l2loopback, which makes a webcam of what a program
# writes, lies at /out/v4l2loopback.ko. It is built once, for the guest's kernel and of
# Debian's packages (14 MB); 77 where they are gone.
set -euo pipefail

packages='qemu-system-x86 busybox-static kmod cpio'
limit=120
loopback=no
vivid='n_devs=1 node_types=0x1 num_inputs=1 input_types=0'
while [[ ${1:-} == --* ]]; do
    case $1 in
        --limit) limit=$2 && shift ;;
        --vivid) vivid=$2 && shift ;;
        --loopback) loopback=yes ;;
        *)
            echo "v4l2_guest.sh: unknown option $1" >&2
            exit 2
            ;;
    esac
    shift
done

for tool in qemu-system-x86_64 busybox depmod cpio; do
    if ! command -v "$tool" >/dev/null; then
        echo "v4l2_guest.sh: skipped, no $tool: needs the packages $packages"
        exit 77
    fi
done

cache=${XDG_CACHE_HOME:-$HOME/.cache}/mocapd-guest
mkdir -p "$cache"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mocapd-guest.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
out=${OUT:-$scratch/out}
mkdir -p "$out"

# What the guest runs first: modules, then the layers of its root, then the command.
write_init() {
    cat <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
options=$($b sed -n 's/.*vivid_options="\([^"]*\)".*/\1/p' /proc/cmdline)
for module in $($b cat /modules/order); do
    case $module in
        vivid.ko) $b insmod "/modules/$module" $options ;;
        *) $b insmod "/modules/$module" ;;
    esac || echo "guest: $module can't be loaded"
done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /lower
$b mount -t tmpfs tmpfs /layer
$b mkdir /layer/upper /layer/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work overlay /guest
$b mkdir -p /guest/out
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out /guest/out
for place in proc sys dev; do
    $b mount --move "/$place" "/guest/$place"
done
for place in tmp run dev/shm; do
    $b mkdir -p "/guest/$place"
    $b mount -t tmpfs tmpfs "/guest/$place"
done
$b ip link set lo up
$b chroot /guest /bin/bash /out/.command >/guest/dev/ttyS0 2>&1
echo $? >/guest/out/.status
$b sync
echo o >/guest/proc/sysrq-trigger
$b sleep 10
INIT
}

# Once: the kernel and an initramfs of the modules.
make_guest() {
    local package version initrd=$scratch/initrd kernel=$scratch/kernel module path
    package=$(apt-cache depends linux-image-amd64 |
        awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
    version=${package#linux-image-}
    echo "v4l2_guest.sh: fetching $package, once" >&2
    (cd "$scratch" && apt-get -q download "$package" >&2 &&
        dpkg -x "$package"_*.deb "$kernel")
    depmod -b "$kernel" "$version"
    mkdir -p "$initrd"/{bin,modules,proc,sys,dev,lower,layer,guest}
    cp "$(command -v busybox)" "$initrd/bin/busybox"
    for module in virtio_pci 9pnet_virtio 9p overlay vivid; do
        modprobe -d "$kernel" -S "$version" --show-depends "$module"
    done | awk '/^insmod/ && !seen[$2]++ { print $2 }' >"$scratch/modules"
    while read -r path; do
        cp "$path" "$initrd/modules/"
        basename "$path" >>"$initrd/modules/order"
    done <"$scratch/modules"
    write_init >"$initrd/init"
    chmod +x "$initrd/init"
    cp "$kernel/boot/vmlinuz-$version" "$cache/vmlinuz"
    (cd "$initrd" && find . | cpio -o -H newc --quiet | gzip -1) >"$scratch/initrd.gz"
    mv "$scratch/initrd.gz" "$cache/initrd.gz"
}

# Once for each kernel: nothing is installed for it.
make_loopback() {
    local version=$1 tree=$scratch/loopback package
    echo "v4l2_guest.sh: building v4l2loopback for $version, once" >&2
    mkdir "$tree"
    cd "$tree"
    apt-get -q download "linux-headers-$version" "linux-headers-${version%-*}-common" \
        "linux-kbuild-${version%.*}" v4l2loopback-dkms >&2 || return
    for package in *.deb; do
        dpkg -x "$package" . || return
    done
    sed -i "s|/usr/src/|$tree/usr/src/|" "usr/src/linux-headers-$version/Makefile"
    make -s -C "usr/src/linux-headers-$version" M="$(echo "$tree"/usr/src/v4l2loopback-*)" \
        modules >&2 || return
    mv usr/src/v4l2loopback-*/v4l2loopback.ko "$cache/v4l2loopback-$version.ko"
}

[[ -e $cache/initrd.gz ]] || make_guest
if [[ $loopback == yes ]]; then
    version=$(grep -aom1 '[0-9.]*-[0-9]*-amd64' "$cache/vmlinuz" | head -n 1)
    module=$cache/v4l2loopback-$version.ko
    if [[ ! -e $module ]] && ! (make_loopback "$version"); then
        echo "v4l2_guest.sh: skipped, no v4l2loopback for $version"
        exit 77
    fi
    cp "$module" "$out/v4l2loopback.ko"
fi

{
    printf 'cd %q\n' "$PWD"
    echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp'
    printf '%q ' "$@"
    echo
} >"$out/.command"
rm -f "$out/.status"

# Emulated, unless virtualisation is known to work: in virtual machines /dev/kvm may
# be there and fail.
machine=(-accel "tcg,thread=multi" -cpu max)
if [[ ${GUEST_KVM:-} == 1 ]]; then
    machine=(-accel kvm -cpu host)
fi
timeout "$limit" qemu-system-x86_64 "${machine[@]}" -M q35 -smp 2 -m 1024 \
    -nodefaults -no-user-config -display none -no-reboot -serial stdio \
    -kernel "$cache/vmlinuz" -initrd "$cache/initrd.gz" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off tsc=unstable no_timer_check vivid_options=\"$vivid\"" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -fsdev local,id=out,path="$out",security_model=none \
    -device virtio-9p-pci,fsdev=out,mount_tag=out </dev/null || true
status=$(cat "$out/.status" 2>/dev/null || echo 125)
if [[ $status == 125 ]]; then
    echo "v4l2_guest.sh: the guest did not come to its end within $limit s" >&2
fi
exit "$status"
