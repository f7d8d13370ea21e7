#!/usr/bin/env bash
# run, with the programs of a build and played helpers: the browser gets the page's address with its
# token in a file that only this user can read; neither arguments nor a log have the token.
# Usage: check_run.sh SOURCE_DIR BIN_DIR
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export RECORD=$directory/record

fail() {
    echo "FAILED: $*"
    cat "$directory/said" "$RECORD" 2>/dev/null || true
    exit 1
}

program() {
    cat >"$1"
    chmod +x "$1"
}

mkdir -p "$directory/bin" "$directory/tree/build/release/bin"
cp "$1/run" "$directory/tree"
ln -s "$2/mocapd" "$2/mocap-web" "$directory/tree/build/release/bin"
program "$directory/tree/setup" </dev/null
program "$directory/bin/cmake" </dev/null
# All is open by the time it watches.
program "$directory/tree/build/release/bin/mocapctl" </dev/null
program "$directory/bin/xdg-open" <<'PROGRAM'
#!/bin/bash
exec >>"$RECORD"
echo "opened: $*"
stat -c 'mode: %a' "$1"
cat "$1"
PROGRAM

PATH=$directory/bin:$PATH TMPDIR=$directory XDG_STATE_HOME=$directory/state DISPLAY=:none \
    "$directory/tree/run" --stream demo=demo: >"$directory/said" 2>&1 || fail "it ends with $?"
token=$(cat "$directory/state/mocapd/mocap-web.token")
[[ $token =~ ^[0-9a-f]{32}$ ]] || fail "no token: $token"
grep -qE '^run: open http://127\.0\.0\.1:[0-9]+/ for' "$directory/said" || fail 'it does not say the address'
! grep -q "$token" "$directory/said" || fail 'the log has the token'
grep -qE '^opened: [^ ]+\.html$' "$RECORD" || fail 'the browser gets something else than a file'
grep -qx 'mode: 600' "$RECORD" || fail 'others can read the file'
grep -qE "url=http://127\.0\.0\.1:[0-9]+/#token=$token\"" "$RECORD" || fail 'the file leads elsewhere'
[[ -z $(find "$directory" -name page.html) ]] || fail 'the file is left behind'
echo 'run opens the page without showing its token to others'
