// Bounds the memory of a frame: a few hundred kilobytes of a file can ask for gigabytes.
//
// A frame beyond the limit is refused, but for JPEG, which can be decoded at a half, a
// quarter or an eighth of its edges.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    // 25 MB of 4:2:0, which each stream holds a few times.
    PIPELINE_FRAME_PIXELS_DEFAULT = 4096 * 4096,
    // FFmpeg's own limit counts rows as up to 127 pixels longer, and before cropping: by so much it
    // has to lie above the exact one.
    PIPELINE_FRAME_PADDING_PIXELS = 128 * 16384,
};

// Whether a frame has no more than max_pixels, and no edge that is too long to be displayed
// (display_transform.h). Sets err, which names the option, with the detail
// AVERROR(EFBIG), and returns false otherwise. 0x0, not known yet, passes.
bool pipeline_frame_limit_check(int width, int height, int64_t max_pixels, struct mc_error *err);

// How often both edges have to be halved, at most most times, until a frame has no more
// than max_pixels. Negative: that is not enough.
int pipeline_frame_limit_lowres(int width, int height, int64_t max_pixels, int most);

// The size that a JPEG says it has. can_reduce: it is sequential; others are decoded at
// their full size before anything. False when there is none. Bytes from outside.
bool pipeline_jpeg_read_size(const uint8_t *bytes, size_t size, int *width, int *height,
                             bool *can_reduce);
