// The commands of mocapctl. The options of the program itself are tools_connect_options.
#pragma once

#include "base/command.h"

extern const struct mc_command mocapctl_watch_command;
extern const struct mc_command mocapctl_status_command;
extern const struct mc_command mocapctl_metrics_command;
extern const struct mc_command mocapctl_calibrate_command;
extern const struct mc_command mocapctl_stream_command;
extern const struct mc_command mocapctl_reload_command;
extern const struct mc_command mocapctl_devices_command;
extern const struct mc_command mocapctl_doctor_command;
extern const struct mc_command mocapctl_record_command;
extern const struct mc_command mocapctl_replay_command;
extern const struct mc_command mocapctl_export_command;
extern const struct mc_command mocapctl_overlay_command;
extern const struct mc_command mocapctl_still_command;
extern const struct mc_command mocapctl_fleet_command;

// Becomes mocap-fleet where the command line says "mocapctl fleet …", with what follows; returns
// otherwise.
void mocapctl_fleet_hand_over(int argc, char **argv);
