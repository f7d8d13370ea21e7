#!/bin/sh
# Fails when a folder includes one that it should not know, or a library that
# lives elsewhere. Usage: check_layers.sh SOURCE_DIR
set -eu
cd "$1"
status=0

# allow FOLDER LIBRARY_HEADERS OWN_HEADERS: extended regular expressions of what
# FOLDER may include beside the C library and itself.
allow() {
    folder=$1 libraries=$2 own=$3
    known='arm_neon|arpa/inet|assert|cpuid|ctype|dirent|dlfcn|emmintrin|errno|fcntl|float|fnmatch|getopt|grp|immintrin|inttypes|limits|malloc|math|poll|pthread|pwd|sched|search|signal|spawn|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|time|unistd|sys/[a-z]+|linux/[a-z0-9]+|netdb|netinet/[a-z]+'
    bad=$(grep -rnE '^ *# *include' --include='*.[ch]' "$folder" |
        grep -vE "include <($known)\.h>" |
        grep -vE "include <($libraries)" |
        grep -vE "include \"($folder/|$own)" || true)
    if [ -n "$bad" ]; then
        echo "$folder includes what it should not know:"
        echo "$bad"
        status=1
    fi
}

none='no such header'
av='libav|libswscale|libswresample'
allow base "$none" "$none"
allow nn 'cblas\.h|openblas|jansson\.h' 'base/'
allow protocol 'jansson\.h|cbor' 'base/'
allow pipeline "uv\.h|seccomp\.h|$av" 'base/|nn/|protocol/record\.h'
allow server 'uv\.h' 'base/|protocol/'
allow daemon "uv\.h|jansson\.h|$av" 'base/|nn/|pipeline/|protocol/|server/'
allow tools "uv\.h|jansson\.h|lo/lo\.h|libwebsockets\.h|nats/|mosquitto\.h|$av" 'base/|nn/|pipeline/|protocol/|server/'

# The folders within nn. All may use the tensor.
allow nn/kernels 'cblas\.h|openblas' 'base/|nn/tensor\.h'
allow nn/graph 'jansson\.h' 'base/|nn/kernels/antialias\.h'
allow nn/networks "$none" 'nn/graph/graph\.h'
allow nn/compiler 'jansson\.h' 'base/|nn/(precision|tensor)\.h|nn/kernels/(kernels|number)\.h|nn/graph/(graph|weights)\.h'
allow nn/heads "$none" 'base/|nn/tensor\.h|nn/kernels/kernels\.h'

# forbid FOLDER OWN_HEADERS: extended regular expression of what FOLDER may not include,
# though its parent may.
forbid() {
    bad=$(grep -rnE "^ *# *include \"($2)" --include='*.[ch]' "$1" || true)
    if [ -n "$bad" ]; then
        echo "$1 includes what it should not know:"
        echo "$bad"
        status=1
    fi
}

forbid pipeline/source 'pipeline/(isolate|track|motion)/'
forbid pipeline/isolate 'pipeline/(track|motion)/|nn/'
forbid pipeline/track 'pipeline/(source|motion)/'
forbid pipeline/motion 'pipeline/(source|track)/|nn/'

# OpenBLAS is called in one place.
if grep -rlE 'include <cblas' --include='*.[ch]' nn | grep -v '^nn/kernels/gemm\.c$'; then
    echo 'only nn/kernels/gemm.c may include <cblas.h>'
    status=1
fi

# Libraries of the bridges are in the files that docs/architecture.md names.
bad=$({
    grep -rl 'include <libwebsockets' --include='*.[ch]' tools |
        grep -vE '^tools/(web/(server|connections|browser|request|photo|answer)|bridge/vts)\.c$'
    grep -rl 'include <lo/' --include='*.[ch]' tools | grep -v '^tools/bridge/osc_bundle\.c$'
} || true)
if [ -n "$bad" ]; then
    echo "these include libwebsockets or liblo, and docs/architecture.md says that they don't:"
    echo "$bad"
    status=1
fi

# Brokers are known to mocap-fleet alone.
bad=$(grep -rlE 'include <(nats|mosquitto)' --include='*.[ch]' base nn protocol pipeline server daemon tools |
    grep -v '^tools/fleet/' || true)
if [ -n "$bad" ]; then
    echo "only tools/fleet may include the headers of NATS and MQTT:"
    echo "$bad"
    status=1
fi
exit $status
