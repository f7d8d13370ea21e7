// UTF-8 (RFC 3629), one character at a time, and invisible characters. Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MC_UTF8_BYTES_MAX = 4 }; // of one character

// Decodes the first character of text, which has size bytes, at least one. Returns how many
// bytes it takes, or 0 when they are not UTF-8 (cut short, overlong, a surrogate, too large).
int mc_utf8_decode(const char *text, size_t size, uint32_t *character);

// Writes character, and returns how many bytes it takes; 0 when it is no Unicode character.
int mc_utf8_encode(uint32_t character, char bytes[MC_UTF8_BYTES_MAX]);

// Names a character that editors and terminals show as nothing or as a plain space: "no-break
// space", "byte order mark", "control character". Returns NULL for visible characters and for
// the space (U+0020) itself.
const char *mc_utf8_invisible_name(uint32_t character);

// The length in bytes of the control character (U+0001 to U+001F, U+007F to U+009F) that text
// begins with, or 0. Terminals obey such characters.
size_t mc_utf8_control_bytes(const char *text);

// Writes text with a '?' for each control character; lines: but for line feeds.
void mc_utf8_write_visible(FILE *out, const char *text, bool lines);
