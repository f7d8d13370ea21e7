// mocap-fleet: streams of many machines, over a broker.
#include <signal.h>

#include <jansson.h>
#include <nats/nats.h>

#include "base/log.h"
#include "base/reserve.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/fleet_options.h"

enum { CLOSE_MS = 2000 }; // for the threads of the broker's library to end

int main(int argc, char **argv)
{
    static const struct mc_command *const commands[] = {
        &fleet_publish_command, &fleet_serve_command,  &fleet_work_command,
        &fleet_streams_command, &fleet_status_command, NULL,
    };
    static const struct mc_command program = {
        .name = "mocap-fleet",
        .summary = "carry motion records of many machines over a broker",
        .options = fleet_options_table,
        .defaults = &fleet_options_default,
        .options_size = sizeof(struct fleet_options),
        .commands = commands,
    };
    json_set_alloc_funcs(mc_reserve_alloc, mc_reserve_free);
    signal(SIGPIPE, SIG_IGN); // a failed write reports it instead
    const int status = mc_command_main(&program, MOCAPD_VERSION, argc, argv);
    nats_CloseAndWait(CLOSE_MS);
    return status;
}
