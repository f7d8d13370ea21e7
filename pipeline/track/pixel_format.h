// Pixel formats: where the samples of a frame's components lie, and how to read them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIPELINE_COMPONENTS = 3 };

struct AVFrame;
struct AVPixFmtDescriptor;

// The formats named yuvj are yuv of full range, under names of which swscale complains:
// the same format's other name. Sets *full_range for them, else leaves it.
int pipeline_pixel_format_modern(int format, int *full_range);

// Whether pipeline_component can describe frames of the format. swscale converts the others.
bool pipeline_pixel_format_is_direct(const struct AVPixFmtDescriptor *format);

// The samples of one component. Borrows the frame's memory.
struct pipeline_component {
    const uint8_t *data; // its first sample
    ptrdiff_t linesize;
    int width, height;                        // samples
    int log2_per_sample_x, log2_per_sample_y; // pixels of the frame that one sample stands for
    int step;                                 // bytes from one sample to the next
    int depth, shift;                         // bits; above 8 in two bytes, beginning at bit shift
};

// Of a direct format. index: 0 to 2, red, green, blue or Y, U, V; grey has 0 alone.
struct pipeline_component pipeline_component_of(const struct AVFrame *frame,
                                                const struct AVPixFmtDescriptor *format, int index);

// Samples begin to end of a row, as bytes: where they lie in the frame, or else copied to room,
// which has as many.
const uint8_t *pipeline_component_row(const struct pipeline_component *component, int row,
                                      int begin, int end, uint8_t *room);
