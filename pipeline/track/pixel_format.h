// What cropping has to know of pixel formats.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PIPELINE_PLANES = 4 };

struct AVFrame;
struct AVPixFmtDescriptor;

// The formats named yuvj are yuv of full range, under names of which swscale complains:
// the same format's other name. Sets *full_range for them, else leaves it.
int pipeline_pixel_format_modern(int format, int *full_range);

// Whether a crop of the format is the same planes at higher addresses.
bool pipeline_pixel_format_can_crop(const struct AVPixFmtDescriptor *format);

// Addresses of the crop that begins at x, y; both multiples of the chroma's subsampling.
void pipeline_pixel_format_crop(const struct AVFrame *frame,
                                const struct AVPixFmtDescriptor *format, int x, int y,
                                const uint8_t *planes[PIPELINE_PLANES]);
