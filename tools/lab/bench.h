// The benchmarks: each is a command that prints its report.
#pragma once

#include "base/command.h"

extern const struct mc_command lab_bench_net_command;
extern const struct mc_command lab_bench_kernels_command;
extern const struct mc_command lab_bench_blocks_command;
extern const struct mc_command lab_bench_motion_command;
extern const struct mc_command lab_bench_pipeline_command;
extern const struct mc_command lab_bench_streams_command;
extern const struct mc_command lab_bench_subscribers_command;

// The exit status of a benchmark; prints its error if it failed.
int lab_bench_status(bool good, const struct mc_error *err);
