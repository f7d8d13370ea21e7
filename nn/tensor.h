// A tensor: a view of a feature map. It never owns memory.
//
// The layout is NHWC with a batch of one: the channels of a pixel are adjacent, pixels are
// pixel_stride numbers apart, rows row_stride numbers apart. So a slice of channels, a band
// of rows, or every other pixel is a view of the same memory. Any thread.
//
// Numbers are float32, except within a network of lower precision, where they may be
// bfloat16, or bytes that stand for byte * scale.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum nn_type {
    NN_F32,
    NN_BF16, // the upper half of a float32
    NN_U8,   // 0 to 255 times the tensor's scale
};

enum { NN_TYPE_COUNT = NN_U8 + 1 };

struct nn_tensor {
    void *data;
    int height, width, channels;
    size_t pixel_stride; // numbers from one pixel to the next, at least channels
    size_t row_stride;   // numbers from one row to the next
    enum nn_type type;
    float scale; // U8
};

static inline size_t nn_type_size(enum nn_type type)
{
    return type == NN_F32 ? 4 : type == NN_BF16 ? 2 : 1;
}

// A float32 view of height x width x channels dense numbers at data.
static inline struct nn_tensor nn_tensor_dense(float *data, int height, int width, int channels)
{
    return (struct nn_tensor){ .data = data,
                               .height = height,
                               .width = width,
                               .channels = channels,
                               .pixel_stride = (size_t)channels,
                               .row_stride = (size_t)width * (size_t)channels };
}

// Whether there is a pixel at row y, column x.
static inline bool nn_tensor_has(const struct nn_tensor *tensor, int y, int x)
{
    return y >= 0 && y < tensor->height && x >= 0 && x < tensor->width;
}

// The first channel of the pixel at row y, column x, whatever the type.
static inline void *nn_tensor_pixel(const struct nn_tensor *tensor, int y, int x)
{
    size_t numbers = (size_t)y * tensor->row_stride + (size_t)x * tensor->pixel_stride;
    return (char *)tensor->data + numbers * nn_type_size(tensor->type);
}

// The first channel of the pixel at row y, column x of a float32 tensor.
static inline float *nn_tensor_at(const struct nn_tensor *tensor, int y, int x)
{
    return (float *)tensor->data + (size_t)y * tensor->row_stride +
           (size_t)x * tensor->pixel_stride;
}

// Copies height x width x channels dense numbers into a float32 tensor whose pixels are
// adjacent (pixel_stride equals channels).
static inline void nn_tensor_fill(const struct nn_tensor *tensor, const float *numbers)
{
    const size_t row = (size_t)tensor->width * (size_t)tensor->channels;
    for (int y = 0; y < tensor->height; y++) {
        memcpy(nn_tensor_at(tensor, y, 0), numbers + (size_t)y * row, row * sizeof *numbers);
    }
}
