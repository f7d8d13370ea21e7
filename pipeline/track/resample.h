// Reads a network's input from a scaled crop, through a mapping.
#pragma once

#include <stdint.h>

struct nn_tensor;
struct pipeline_mapping;

// Red, green and blue bytes, a plane each, linesize bytes from one row to the next.
// Borrowed.
struct pipeline_rgb {
    const uint8_t *planes[3];
    int linesize;
    int width, height;
};

// Fills input, each byte becoming table[byte]. The crop is interpolated
// linearly between pixels, and its edges repeat.
//   mapping  from input pixels to the crop's
//   table    256 values, evenly spaced
void pipeline_resample(const struct pipeline_rgb *crop, const struct pipeline_mapping *mapping,
                       const float *table, const struct nn_tensor *input);
