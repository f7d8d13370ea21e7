// mocap-lab: measurements of networks, of the pipeline and of the server, and weight files.
#include <signal.h>
#include <stddef.h>

#include "tools/connect.h"
#include "tools/lab/lab.h"

static const struct mc_command *const commands[] = { &lab_bench_command,  &lab_compare_command,
                                                     &lab_model_command,  &lab_pose_command,
                                                     &lab_shapes_command, NULL };

static const struct mc_command program = {
    .name = "mocap-lab",
    .summary = "measure and compare networks, and calibrate weight files",
    .options = tools_connect_table,
    .options_size = sizeof(struct tools_connect_options),
    .commands = commands,
};

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); // a failed write reports it instead
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
