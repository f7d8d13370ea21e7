// A tensor: a view of a feature map. It never owns memory.
//
// Layout is NHWC with batch 1: channels of one pixel lie side by side, pixels
// of a row follow each other pixel_stride floats apart, rows without a gap.
// A slice of channels is thus a view of the same memory.
#pragma once

#include <stddef.h>

struct nn_tensor {
    float *data;
    int height, width, channels;
    size_t pixel_stride; // floats from one pixel to the next, at least channels
};

static inline float *nn_tensor_at(const struct nn_tensor *tensor, int y, int x)
{
    return tensor->data + ((size_t)y * (size_t)tensor->width + (size_t)x) * tensor->pixel_stride;
}

static inline size_t nn_tensor_pixels(const struct nn_tensor *tensor)
{
    return (size_t)tensor->height * (size_t)tensor->width;
}
