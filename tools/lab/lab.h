// The commands of mocap-lab. The options of the program itself are tools_connect_options.
#pragma once

#include "base/command.h"

extern const struct mc_command lab_bench_command;
extern const struct mc_command lab_compare_command;
extern const struct mc_command lab_model_command;
extern const struct mc_command lab_pose_command;
extern const struct mc_command lab_shapes_command;
