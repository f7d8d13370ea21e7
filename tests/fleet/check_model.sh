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

# check EXPECTED NAME DEFINES COMPILER_OPTIONS RUN_OPTIONS
check() {
    local expected=$1 name=$2
    spin $3 -a "$model" >spin.log 2>&1 || {
        cat spin.log
        exit 1
    }
    gcc -O2 -w -DVECTORSZ=2048 -DMEMLIM=4000 $4 -o pan pan.c
    ./pan -n -m200000 $5 >pan.log 2>&1 || true
    grep -q 'max search depth too small\|out of memory\|reached -DMEMLIM' pan.log && {
        cat pan.log
        echo "$name: not all was searched"
        exit 1
    }
    local errors
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
    local states
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
    echo "$name: $states states, errors: $errors"
    if [[ $expected == holds && $errors != 0 ]] || [[ $expected == fails && $errors == 0 ]]; then
        cat pan.log
        echo "$name: should have been: $expected"
        exit 1
    fi
}

check holds 'never two accepted owners' '' '-DSAFETY' '-E'
check fails 'without a margin' '-DNO_MARGIN' '-DSAFETY' '-E'
check fails 'without a fence' '-DNO_FENCE' '-DSAFETY' '-E'
check fails 'without compare and set' '-DNO_CAS' '-DSAFETY' '-E'
check holds 'an orphan is taken' '-DLIVE -DWRITES=4' '-DNFAIR=3' '-a -f'
check fails 'when nobody ends a silent session' '-DLIVE -DWRITES=4 -DNO_ENDING' '-DNFAIR=3' '-a -f'
