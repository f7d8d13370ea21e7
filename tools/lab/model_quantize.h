// mocap-lab model quantize.
#pragma once

#include "base/command.h"

extern const struct mc_command lab_model_quantize_command;
