// A scaled crop becomes input pixels: each input pixel is read from the crop at
// the place where a mapping has it.
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

// Fills input, each byte becoming table[byte]. Between pixels the crop is
// interpolated linearly; beyond its edges they repeat.
//   mapping  from input pixels to the crop's
//   table    256 values, evenly spaced
void pipeline_resample(const struct pipeline_rgb *crop, const struct pipeline_mapping *mapping,
                       const float *table, const struct nn_tensor *input);
