// Images as PPM (P6): a line of text, then the pixels. Every image tool writes it, and reading it
// takes no decoder, so that bytes from outside meet none.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct mocapctl_ppm {
    int width, height;
    uint8_t *rgb; // owned; height rows of width x 3 bytes
};

// Reads the file to its end. Its edges must be from least to most pixels long; a byte too few or
// too many is an error. Finish the image whatever is returned.
bool mocapctl_ppm_read(struct mocapctl_ppm *image, FILE *file, int least, int most,
                       struct mc_error *err) MC_MUST_USE;

// All zeros does nothing.
void mocapctl_ppm_finish(struct mocapctl_ppm *image);
