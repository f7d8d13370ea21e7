#!/bin/sh
# The study: trains every network by one recipe, then a teacher and its students, and
# writes the weight files that mocap-lab compare reads.
#
#   training/zoo.sh SET RUNS ZOO [train|export]
#
# SET is a set of training.prepare, RUNS a folder for checkpoints and logs, ZOO one for
# the weight files. A run that was stopped continues when called again, and finished runs are
# skipped, so NETWORKS, REPEATED, LARGE and STUDENTS may name a part of the study: the networks
# at 64x64; those trained from two seeds more; those at 128x128; the students. LANDMARK_STEPS,
# LARGE_STEPS, TEACHER_STEPS and STUDENT_STEPS set the numbers of steps (25000, 12500, 6250, 6250),
# BATCH the images per step (16), THREADS the threads (1). Errors on validation images after every
# tenth of a run are in RUNS/*/log.jsonl, which the export copies to ZOO/logs for training.curves.
# The teacher starts from the hourglass, students from the teacher and from their own networks: those
# have to be finished. What the teacher says of the students' images is kept in RUNS/targets, 70 kB
# an image: 7 GB by default.
set -eu
set_=$1 runs=$2 zoo=$3 what=${4:-all}
python=${PYTHON:-/usr/bin/python3}
networks=${NETWORKS-lednet edanet laednet lrdnet enet enet-orig erfnet esnet hourglass}
repeated=${REPEATED-lednet edanet erfnet hourglass}
large=${LARGE-lednet edanet laednet esnet hourglass}
students=${STUDENTS-lednet edanet lrdnet erfnet esnet enet laednet}
landmark_steps=${LANDMARK_STEPS:-25000} large_steps=${LARGE_STEPS:-12500}
teacher_steps=${TEACHER_STEPS:-6250} student_steps=${STUDENT_STEPS:-6250}
export OMP_NUM_THREADS="${THREADS:-1}"
mkdir -p "$runs" "$zoo"

require() { # RUN...
    for needed; do
        if [ ! -e "$runs/$needed/done" ]; then
            echo "zoo.sh: $runs/$needed is not finished: train it first (NETWORKS='$needed')" >&2
            exit 1
        fi
    done
}

learn() { # MODULE ARCH RUN STEPS OPTION...
    module=$1 arch=$2 run=$3 steps=$4 batch=${BATCH:-16}
    shift 4
    if [ -e "$runs/$run/done" ]; then
        was=$(cat "$runs/$run/done")
        case $was in
        *" of "*) ;;
        *) was="$was of 16" ;; # of a script that did not write the batch
        esac
        [ "$was" != "$steps of $batch" ] || return 0
        echo "zoo.sh: $runs/$run: its steps are $was images, not $steps of $batch: use another" \
            "folder, or remove it and what was trained from it" >&2
        exit 1
    fi
    "$python" -m "$module" --set "$set_" --run "$runs/$run" --arch "$arch" --steps "$steps" \
        --batch "$batch" --threads "${THREADS:-1}" --dropout 0 --features 32 \
        --save-every 100 --check-every "$(((steps + 9) / 10))" "$@"
    echo "$steps of $batch" >"$runs/$run/done"
}

landmarks() { # ARCH RUN SIZE STEPS SEED
    learn training.train "$1" "$2" "$4" --size "$3" --seed "$5" --rate 2e-3
}

distil() { # ARCH LOSS-START, where START is new, pretrained, direct, small or small-pretrained
    arch=$1 loss=${2%%-*} run=$1-$2
    set --
    case $run in
    *-pretrained)
        require "$arch"
        set -- --init-backbone "$runs/$arch"
        ;;
    esac
    case $run in
    *-direct) set -- "$@" --form direct ;;
    *-small*) set -- "$@" --form small ;;
    esac
    learn training.distil "$arch" "$run" "$student_steps" --size 64 --teacher "$runs/teacher" \
        --targets "$runs/targets" --loss "$loss" --rate 1e-3 "$@"
}

train_all() {
    for network in $networks; do
        landmarks "$network" "$network" 64 "$landmark_steps" 1
    done
    for network in $large; do
        landmarks "$network" "$network-128" 128 "$large_steps" 1
    done
    for seed in 2 3; do
        for network in $repeated; do
            landmarks "$network" "$network-seed$seed" 64 "$landmark_steps" "$seed"
        done
    done
    if [ -n "$students" ]; then
        require hourglass
        learn training.train hourglass teacher "$teacher_steps" --size 64 --head motion --rate 1e-3 \
            --init-backbone "$runs/hourglass"
    fi
    for student in L2-pretrained L2-small-pretrained L2-new L2-small L1-pretrained L3-pretrained \
        L1-new L3-new; do
        for network in $students; do
            distil "$network" "$student"
        done
    done
    case " $students " in
    *" edanet "*) distil edanet L2-direct ;;
    esac
}

export_all() { # of what has been trained to its end
    mkdir -p "$zoo/logs"
    for finished in "$runs"/*/done; do
        run=$(basename "$(dirname "$finished")")
        cp "$runs/$run/log.jsonl" "$zoo/logs/$run.jsonl"
        case $run in
        teacher | *-L[123]-*) set -- --antialias 4 ;; # images of 256x256, as published
        *) set -- ;;
        esac
        "$python" -m training.export --run "$runs/$run" -o "$zoo/$run.safetensors" "$@"
    done
}

[ "$what" = export ] || train_all
[ "$what" = train ] || export_all
