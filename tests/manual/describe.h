// The tables of options and commands as JSON, from which manual.py makes pages and completion.
#pragma once

#include <jansson.h>

#include "base/command.h"

// An array with an object for each row. The caller owns what is returned.
json_t *describe_table(const struct mc_option *table);

// The command with its own table and, below "commands", those of its commands.
json_t *describe_command(const struct mc_command *command);

// Writes it to standard output. Takes the description. Returns the exit status.
int describe_print(json_t *description);
