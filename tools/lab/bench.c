// mocap-lab bench: how fast this machine is.
#include "tools/lab/bench.h"

#include <stddef.h>

#include "tools/lab/lab.h"
#include "tools/terminal.h"

int lab_bench_status(bool good, const struct mc_error *err)
{
    if (!good) {
        tools_complain("%s", err->message);
    }
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_command *const commands[] = {
    &lab_bench_net_command,         &lab_bench_kernels_command,
    &lab_bench_blocks_command,      &lab_bench_motion_command,
    &lab_bench_pipeline_command,    &lab_bench_streams_command,
    &lab_bench_subscribers_command, NULL,
};

const struct mc_command lab_bench_command = {
    .name = "bench",
    .summary = "measure how fast this machine is",
    .commands = commands,
};
