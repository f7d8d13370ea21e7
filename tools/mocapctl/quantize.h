// mocapctl model quantize.
#pragma once

#include "base/command.h"

extern const struct mc_command mocapctl_quantize_command;
