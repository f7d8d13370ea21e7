// mocap-lab model calibrate.
#pragma once

#include "base/command.h"

extern const struct mc_command lab_model_calibrate_command;
