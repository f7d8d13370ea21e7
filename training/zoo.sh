#!/bin/sh
# The study: trains every network by one recipe, then a teacher and its students, and
# writes the weight files that mocap-lab compare reads.
#
#   training/zoo.sh SET RUNS ZOO [train|export]
#
# SET is a set of training.prepare, RUNS a folder for checkpoints and logs, ZOO one for
# the weight files. A run that was stopped continues when called again. LANDMARK_STEPS,
# TEACHER_STEPS and STUDENT_STEPS set the numbers of steps (1000, 120, 100), BATCH the
# images per step (16), THREADS the threads (1).
set -eu
set_=$1 runs=$2 zoo=$3 what=${4:-all}
python=${PYTHON:-/usr/bin/python3}
networks="lednet edanet hourglass erfnet laednet lrdnet enet esnet enet-orig"
students="lednet edanet lrdnet erfnet esnet enet laednet"
export OMP_NUM_THREADS="${THREADS:-1}"
mkdir -p "$runs" "$zoo"

learn() { # MODULE ARCH RUN OPTION...
    module=$1 arch=$2 run=$3
    shift 3
    "$python" -m "$module" --set "$set_" --run "$runs/$run" --arch "$arch" --size 64 \
        --batch "${BATCH:-16}" --threads "${THREADS:-1}" --dropout 0 --features 32 \
        --save-every 100 --check-every 10000 "$@"
}

distil() { # ARCH LOSS START, which is new, pretrained, direct, small or small-pretrained
    case $3 in
    *pretrained) set -- "$@" --init-backbone "$runs/$1" ;;
    esac
    case $3 in
    direct) set -- "$@" --form direct ;;
    small*) set -- "$@" --form small ;;
    esac
    arch=$1 loss=$2 run=$1-$2-$3
    shift 3
    learn training.distil "$arch" "$run" --teacher "$runs/teacher" --loss "$loss" \
        --steps "${STUDENT_STEPS:-100}" --rate 1e-3 "$@"
}

train_all() {
    for network in $networks; do
        learn training.train "$network" "$network" --steps "${LANDMARK_STEPS:-1000}" --rate 2e-3
    done
    learn training.train hourglass teacher --head motion --steps "${TEACHER_STEPS:-120}" \
        --rate 1e-3 --init-backbone "$runs/hourglass"
    for network in $students; do
        for loss in L1 L2 L3; do
            distil "$network" $loss pretrained
            distil "$network" $loss new
        done
    done
    distil edanet L2 direct
    distil edanet L2 small
    distil lednet L2 small
    distil edanet L2 small-pretrained
    distil lednet L2 small-pretrained
}

export_all() { # of what has been trained
    for checkpoint in "$runs"/*/checkpoint.pt; do
        run=$(basename "$(dirname "$checkpoint")")
        case $run in
        teacher | *-L[123]-*) set -- --antialias 4 ;; # images of 256x256, as published
        *) set -- ;;
        esac
        "$python" -m training.export --run "$runs/$run" -o "$zoo/$run.safetensors" "$@"
    done
}

[ "$what" = export ] || train_all
[ "$what" = train ] || export_all
