// What the command-line programs print on a terminal. Bytes from outside (of a daemon, a broker, a
// receiver, a recording) must not move its cursor or set its title: control characters are
// replaced.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"

// One line on stderr: "mocapctl: <message>", with the program's own name.
void tools_complain(const char *format, ...) MC_PRINTF(1, 2);

// Writes text, with '?' for each control character.
void tools_write_text(FILE *out, const char *text);

// Likewise what the format makes, up to 1023 bytes.
void tools_print(FILE *out, const char *format, ...) MC_PRINTF(2, 3);

// Likewise text of several lines: line feeds stay.
void tools_write_lines(FILE *out, const char *text);

// Writes length bytes of JSON, which mean the same afterwards: control characters in its texts
// become escapes, those between its values spaces. Line feeds stay.
void tools_write_json(FILE *out, const char *json, size_t length);
