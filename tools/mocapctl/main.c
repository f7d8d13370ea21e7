// mocapctl: the daemon's companion at the command line.
#include <signal.h>
#include <stddef.h>

#include <jansson.h>

#include "base/reserve.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"

static const struct mc_command *const commands[] = {
    &mocapctl_watch_command,     &mocapctl_status_command, &mocapctl_metrics_command,
    &mocapctl_calibrate_command, &mocapctl_stream_command, &mocapctl_reload_command,
    &mocapctl_devices_command,   &mocapctl_doctor_command, &mocapctl_record_command,
    &mocapctl_replay_command,    &mocapctl_export_command, &mocapctl_overlay_command,
    &mocapctl_still_command,     &mocapctl_fleet_command,  NULL,
};

static const struct mc_command program = {
    .name = "mocapctl",
    .summary = "watch, record and control what mocapd publishes",
    .options = tools_connect_table,
    .options_size = sizeof(struct tools_connect_options),
    .commands = commands,
};

int main(int argc, char **argv)
{
    json_set_alloc_funcs(mc_reserve_alloc, mc_reserve_free);
    signal(SIGPIPE, SIG_IGN); // a failed write reports it instead
    mocapctl_fleet_hand_over(argc, argv);
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
