// The commands of mocap-fleet: each is in a file of its name.
#pragma once

#include "base/command.h"

extern const struct mc_command fleet_publish_command, fleet_serve_command;
extern const struct mc_command fleet_work_command, fleet_streams_command, fleet_status_command;
extern const struct mc_command fleet_streams_import_command; // of streams
