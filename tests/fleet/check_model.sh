#!/usr/bin/env bash
# Checks the model of the lease protocol with spin, then that spin finds each fault that is put into
# it. Usage: check_model.sh SOURCE_DIR. Skipped (77) where there is no spin.
set -euo pipefail
model=$1/tests/fleet/lease.pml
command -v spin >/dev/null || {
    echo 'skipped: there is no spin (package spin)'
    exit 77
}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

# check holds|fails NAME DEFINES COMPILER_OPTIONS RUN_OPTIONS
check() {
    local expected=$1 name=$2 errors states
    spin $3 -a "$model" >spin.log 2>&1 || {
        cat spin.log
        exit 1
    }
    gcc -O1 -w -DMEMLIM=4000 $4 -o pan pan.c
    ./pan -m4000000 $5 >pan.log 2>&1 || true
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
    echo "$name: $states states, errors: $errors"
    if [[ $expected == holds ]]; then
        # No error, nothing left out, and no line of the model that is never reached but its end.
        [[ $errors == 0 ]] && ! grep -q 'search depth too small\|out of memory\|MEMLIM' pan.log &&
            [[ $(grep -c 'lease.pml:.*state' pan.log) -le 1 ]] && return
    else
        [[ $errors != 0 ]] && grep -q 'assertion violated\|acceptance cycle' pan.log && return
    fi
    cat pan.log
    echo "$name: must be: $expected"
    exit 1
}

check holds 'never two owners' '-DLEASE=3' '-DSAFETY' ''
check fails 'without a margin' '-DLEASE=3 -DNO_MARGIN' '-DSAFETY' ''
check fails 'without compare-and-set' '-DLEASE=3 -DNO_COMPARE' '-DSAFETY' ''
check fails 'without a renewal that was read back' '-DLEASE=3 -DNO_READBACK' '-DSAFETY' ''
check fails 'without a fence' '-DLEASE=3 -DRECORDS -DNO_FENCE' '-DSAFETY' ''
check holds 'an orphan is taken' '-DLIVE' '' '-a'
check fails 'when nobody ends a silent session' '-DLIVE -DNO_ENDING' '' '-a'
