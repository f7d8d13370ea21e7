// The value of one option: text in, a field out. What options.c builds on.
#pragma once

#include "base/options.h"

enum { MC_OPTION_SHOWN_BYTES = 64 };

// Reads value as the option's kind demands and stores it in field. An error continues the
// option's name: "must be …, got …"; the field is then unchanged.
bool mc_option_store(const struct mc_option *option, void *field, const char *value,
                     struct mc_error *err);

// What an error shows of text: its beginning, control characters replaced.
const char *mc_option_shown(const char *text, char buffer[MC_OPTION_SHOWN_BYTES]);
