// A tensor: a view of a feature map. It never owns memory.
//
// Layout is NHWC with batch 1: the channels of one pixel lie side by side,
// pixels pixel_stride floats apart, rows row_stride floats apart. A slice of
// channels, a band of rows or every other pixel is thus a view of the same
// memory. Any thread.
#pragma once

#include <stddef.h>

struct nn_tensor {
    float *data;
    int height, width, channels;
    size_t pixel_stride; // floats from one pixel to the next, at least channels
    size_t row_stride;   // floats from one row to the next
};

// A view of height x width x channels floats at data without gaps.
static inline struct nn_tensor nn_tensor_dense(float *data, int height, int width, int channels)
{
    return (struct nn_tensor){ data,     height,           width,
                               channels, (size_t)channels, (size_t)width * (size_t)channels };
}

// The first channel of the pixel at row y, column x.
static inline float *nn_tensor_at(const struct nn_tensor *tensor, int y, int x)
{
    return tensor->data + (size_t)y * tensor->row_stride + (size_t)x * tensor->pixel_stride;
}

// Channels first to first + count - 1 of tensor.
static inline struct nn_tensor nn_tensor_slice(struct nn_tensor tensor, int first, int count)
{
    tensor.data += first;
    tensor.channels = count;
    return tensor;
}

// Rows first to first + count - 1 of tensor.
static inline struct nn_tensor nn_tensor_rows(struct nn_tensor tensor, int first, int count)
{
    tensor.data += (size_t)first * tensor.row_stride;
    tensor.height = count;
    return tensor;
}
