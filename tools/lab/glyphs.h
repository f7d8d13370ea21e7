// Letters for labels in images that programs draw where no font may be installed.
#pragma once

#include <stdint.h>

enum { LAB_GLYPH_WIDTH = 5, LAB_GLYPH_HEIGHT = 7 };

// The rows of a letter, digit, or one of "-+._ ", from the top; bit 4 is the leftmost pixel.
// Others are drawn as a box.
const uint8_t *lab_glyph(char c);
