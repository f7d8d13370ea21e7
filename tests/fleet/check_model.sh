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

# check holds|REGEXP NAME DEFINES COMPILER_OPTION RUN_OPTION; the expression is of the error found
check() {
    local expected=$1 name=$2 errors states
    spin $3 -a "$model" >spin.log 2>&1 || {
        cat spin.log
        exit 1
    }
    gcc -O2 -w -DNOREDUCE -DMEMLIM=6000 $4 -o pan pan.c
    ./pan -m3000000 $5 >pan.log 2>&1 || true
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
    echo "$name: ${states:-no} states, errors: ${errors:-unknown}"
    if [[ $expected == holds ]]; then
        # No error, and nothing left out.
        [[ $errors == 0 ]] && ! grep -q 'search depth too small\|out of memory\|MEMLIM' pan.log &&
            return
    else
        [[ ${errors:-0} != 0 ]] && grep -q "$expected" pan.log && return
    fi
    cat pan.log
    echo "$name: must be: $expected"
    exit 1
}

two_publish='assertion violated.*proven'
small='-DSESSIONS=1 -DLEASES=2'
check holds 'never two accepted owners' '-DSESSIONS=2 -DLEASES=2' -DSAFETY ''
check holds 'records of a former owner are dropped' "$small -DRECORDS" -DSAFETY ''
check "$two_publish" 'without a margin' "$small -DNO_MARGIN" -DSAFETY ''
check "$two_publish" 'without compare-and-set' "$small -DNO_COMPARE" -DSAFETY ''
check "$two_publish" 'without waiting for the session to lapse' "$small -DNO_LAPSE" -DSAFETY ''
check 'assertion violated.*highest' 'without a fence' "$small -DRECORDS -DNO_FENCE" -DSAFETY ''
live='-DLIVE -DLEASE=4 -DSESSIONS=4 -DLEASES=6'
check holds 'an orphan is taken' "$live" '' -a
check 'acceptance cycle' 'when nobody ends a silent session' "$live -DNO_ENDING" '' -a
