// What the commands of mocap-fleet that run for long share.
#pragma once

#include "tools/fleet/report.h"

// Writes the name of this machine, or the given one where it is not NULL. Returns false and sets
// err when it cannot be one.
bool fleet_machine_name(char name[FLEET_PUBLISHER_BYTES], const char *given,
                        struct mc_error *err) MC_MUST_USE;

// Blocks SIGINT and SIGTERM for this thread and those it starts; then waits for one of them.
void fleet_signals_block(void);
void fleet_signals_wait(void);
