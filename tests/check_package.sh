#!/usr/bin/env bash
# package, with Debian's programs played: the packages go where the caller says and take the place of
# earlier ones, and nothing else in the directory, or beside it, is touched.
# Usage: check_package.sh SOURCE_DIR
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

fail() {
    echo "FAILED: $*"
    cat "$directory/said"
    find "$directory" -type f
    exit 1
}

program() {
    cat >"$1"
    chmod +x "$1"
}

mkdir -p "$directory/bin" "$directory/tree/debian"
# It takes Debian's programs alone: here, these before them.
sed "s|^programs=/usr/sbin|programs=$directory/bin:&|; s|:programs=|:|" "$1/package" >"$directory/tree/package"
chmod +x "$directory/tree/package"
cp "$1/debian/control" "$directory/tree/debian"
program "$directory/tree/setup" </dev/null
program "$directory/bin/lintian" </dev/null
program "$directory/bin/dpkg-buildpackage" <<'PROGRAM'
#!/bin/sh
[ ! -e fails ] || exit 1
if find . -name '*.deb' -o -name 'mocapd-packages.*' | grep .; then
    echo 'earlier packages, or its own work, are in the source'
    exit 1
fi
for name in $(sed -n 's/^Package: //p' debian/control); do
    echo new >"../${name}_2_all.deb"
done
PROGRAM

packages() {
    (cd "$directory/tree" && ./package "$@") >"$directory/said" 2>&1
}

export TMPDIR=$directory/tmp
mkdir "$TMPDIR"

# ---- A directory of somebody's
mine=$directory/mine
mkdir -p "$mine" "$mine.build"
for file in "$mine/other_1_all.deb" "$mine/mocapd-of-mine_1_all.deb" "$mine.build/notes" \
    "$mine/mocapd_1_amd64.deb" "$mine/mocap-tools-dbgsym_1_amd64.deb"; do
    echo old >"$file"
done
packages "$mine" || fail "it ends with $?"
for file in "$mine/other_1_all.deb" "$mine/mocapd-of-mine_1_all.deb" "$mine.build/notes"; do
    [[ -f $file ]] || fail "it deleted $file"
done
for file in "$mine/mocapd_1_amd64.deb" "$mine/mocap-tools-dbgsym_1_amd64.deb"; do
    [[ ! -e $file ]] || fail "$file is of an earlier version"
done
[[ -f $mine/mocapd_2_all.deb && -f $mine/mocapd-models_2_all.deb ]] || fail 'the packages are missing'
! grep -q other_1 "$directory/said" || fail 'it says that it built the packages of others'
[[ $(find "$directory" -maxdepth 1 -name 'mine.*') == "$mine.build" ]] || fail 'it leaves its work behind'

# ---- A relative one, seen from the caller; one in the source, whatever its name, twice
mkdir "$directory/elsewhere"
(cd "$directory/elsewhere" && ../tree/package out) >"$directory/said" 2>&1 || fail "it ends with $?"
[[ -f $directory/elsewhere/out/mocapd_2_all.deb ]] || fail 'the packages are not where the caller said'
for name in out out 'packages [of] *' 'packages [of] *' deep/er/out; do
    packages "$name" || fail "it ends with $?"
    [[ -f $directory/tree/$name/mocapd_2_all.deb ]] || fail "the packages are not in $name"
done
TMPDIR=$directory/tree/tmp
mkdir "$TMPDIR"
packages "$mine" || fail "it ends with $?"
rmdir "$TMPDIR" || fail 'it leaves its work behind'
TMPDIR=$directory/tmp

# ---- Its own, twice, and in vain
packages || fail "it ends with $?"
packages || fail "it ends with $?"
[[ -f $directory/tree/build/packages/mocapd_2_all.deb ]] || fail 'the packages are missing'
touch "$directory/tree/fails"
! packages "$mine" || fail 'nothing was built, and it ends with 0'
[[ -f $mine/mocapd_2_all.deb ]] || fail 'it deleted packages before it had new ones'
log=$(sed -n 's/.*the log is //p' "$directory/said")
[[ -f $log ]] || fail 'it does not say where the log is'
[[ $(find "$TMPDIR" -mindepth 1) == "$log" ]] || fail 'it leaves more behind than the log'
echo 'package replaces its own packages alone'
