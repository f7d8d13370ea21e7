// mocapctl bench: how fast this machine is.
#include "tools/mocapctl/bench.h"

#include <stddef.h>

#include "tools/mocapctl/command.h"

int mocapctl_bench_status(bool good, const struct mc_error *err)
{
    if (!good) {
        mocapctl_complain("%s", err->message);
    }
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_command *const commands[] = {
    &mocapctl_bench_net_command,
    &mocapctl_bench_kernels_command,
    &mocapctl_bench_blocks_command,
    &mocapctl_bench_motion_command,
    &mocapctl_bench_pipeline_command,
    &mocapctl_bench_subscribers_command,
    NULL,
};

const struct mc_command mocapctl_bench_command = {
    .name = "bench",
    .summary = "measure how fast this machine is",
    .commands = commands,
};
