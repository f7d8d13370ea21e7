// Reads a network's input from an image, through a mapping.
#pragma once

struct nn_tensor;
struct pipeline_mapping;

// Interpolates linearly between the image's pixels; its edges repeat. Both are float32 of three
// channels; the image has room for a fourth in each pixel.
//   mapping  from input pixels to the image's
void pipeline_resample(const struct nn_tensor *image, const struct pipeline_mapping *mapping,
                       const struct nn_tensor *input);
