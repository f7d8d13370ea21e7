// What the command-line programs print on a terminal.
#pragma once

#include <stdio.h>

#include "base/compiler.h"

// One line on stderr: "mocapctl: <message>", with the program's own name.
void tools_complain(const char *format, ...) MC_PRINTF(1, 2);

// Writes text, with control characters replaced: bytes from outside must not move the cursor
// of a terminal.
void tools_write_text(FILE *out, const char *text);
