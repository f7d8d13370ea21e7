// mocapctl: the daemon's companion at the command line.
#include <signal.h>
#include <stddef.h>

#include "tools/mocapctl/command.h"

static const struct mc_command *const commands[] = {
    &mocapctl_watch_command,     &mocapctl_status_command,  &mocapctl_metrics_command,
    &mocapctl_calibrate_command, &mocapctl_record_command,  &mocapctl_replay_command,
    &mocapctl_export_command,    &mocapctl_overlay_command, &mocapctl_model_command,
    &mocapctl_bench_command,     &mocapctl_compare_command, NULL,
};

static const struct mc_option options[] = {
    { "socket", 0, "PATH",
      "where mocapd listens; default: $XDG_RUNTIME_DIR/mocapd/mocapd.sock, else "
      "/run/mocapd/mocapd.sock",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct mocapctl_globals, socket) },
    { 0 },
};

static const struct mc_command program = {
    .name = "mocapctl",
    .summary = "watch, measure and record what mocapd publishes",
    .options = options,
    .options_size = sizeof(struct mocapctl_globals),
    .commands = commands,
};

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); // a failed write reports it instead
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
