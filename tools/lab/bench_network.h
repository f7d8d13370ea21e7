// The network that a benchmark runs: a weight file, or random weights.
#pragma once

#include "base/options.h"
#include "nn/precision.h"

struct nn_model;

struct lab_bench_network {
    const char *model; // a weight file; NULL: arch and size
    const char *arch;
    int size; // of the input, pixels
    enum nn_precision precision;
};

// Reads the name of a precision.
mc_option_set_fn lab_bench_network_set_precision;

// The rows of a table of options whose struct has the field network.
#define LAB_BENCH_NETWORK_ROWS(type)                                                               \
    { "model",        0,                                                                           \
      "FILE",         "measure the network in this weight file",                                   \
      MC_OPTION_TEXT, MC_OPTION_FIELD(type, network.model) },                                      \
        { "arch",         0,                                                                       \
          "NAME",         "measure this network with random weights; default: lednet",             \
          MC_OPTION_TEXT, MC_OPTION_FIELD(type, network.arch) },                                   \
        { "size",        0,        "S",         "its input size, pixels; default: 128",            \
          MC_OPTION_INT, .min = 1, .max = 4096, MC_OPTION_FIELD(type, network.size) },             \
    {                                                                                              \
        "precision", 0, "P", "f32, bf16, int8 or auto; default: auto, as in mocapd",               \
            MC_OPTION_CALL, .set = lab_bench_network_set_precision,                                \
                            MC_OPTION_FIELD(type, network.precision)                               \
    }

// Refuses a file together with arch or size; completes what is not given.
bool lab_bench_network_check(struct lab_bench_network *network, struct mc_error *err) MC_MUST_USE;

// Loads or makes it; free with nn_model_destroy.
struct nn_model *lab_bench_network_load(const struct lab_bench_network *network, unsigned cpu_flags,
                                        struct mc_error *err) MC_MUST_USE;
