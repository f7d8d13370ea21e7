// What `mocapctl bench` was asked for.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "nn/precision.h"

enum mocapctl_bench_subject {
    MOCAPCTL_BENCH_NET,     // a whole network
    MOCAPCTL_BENCH_KERNELS, // its operators, at every level of the processor
    MOCAPCTL_BENCH_BLOCKS,  // what networks are built of, each alone
    MOCAPCTL_BENCH_MOTION,  // smoothing, pose and shapes
};

struct mocapctl_bench_options {
    enum mocapctl_bench_subject subject;
    const char *arch;            // of a network with invented weights
    const char *model;           // a file instead, or NULL
    long size;                   // of the input without a file, pixels
    long threads;                //
    enum nn_precision precision; //
    long runs;                   // 0: as many as fit into seconds
    long seconds;                //
    bool profile;                // each step too
    bool json;                   //
    const char *clips[2];        // of motion: where the face is still, where it is fast
};

// argv[0] is the subcommand's name. Sets all of options. Returns false and sets
// err when argv makes no sense; whether the network exists and can have the size
// is not looked at.
bool mocapctl_bench_options_parse(struct mocapctl_bench_options *options, int argc, char **argv,
                                  struct mc_error *err) MC_MUST_USE;
