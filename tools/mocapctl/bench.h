// The subjects of `mocapctl bench`: each prints its report.
#pragma once

#include "base/error.h"

struct mocapctl_bench_options;
struct mocapctl_globals;

bool mocapctl_bench_net(const struct mocapctl_bench_options *options,
                        struct mc_error *err) MC_MUST_USE;
// With options of their own: return the exit status.
int mocapctl_bench_subscribers(int argc, char **argv);
int mocapctl_bench_pipeline(const struct mocapctl_globals *globals, int argc, char **argv);

bool mocapctl_bench_kernels(const struct mocapctl_bench_options *options,
                            struct mc_error *err) MC_MUST_USE;
bool mocapctl_bench_blocks(const struct mocapctl_bench_options *options,
                           struct mc_error *err) MC_MUST_USE;
bool mocapctl_bench_motion(const struct mocapctl_bench_options *options,
                           struct mc_error *err) MC_MUST_USE;
