// Reads a box of a frame, scaled to a network's input: only the rows and columns that it needs.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct AVFrame;
struct AVPixFmtDescriptor;
struct pipeline_sampler;

// A part of the coded frame, pixels; need not begin or end on one. What lies outside the frame
// repeats its edge.
struct pipeline_box {
    float x, y, width, height;
};

// What the bytes of a frame mean.
struct pipeline_colours {
    int colorspace; // AVCOL_SPC_...
    bool full_range;
};

// Where pixels of red, green and blue go: the first one, and how many numbers the next one is to
// its right, and below it.
struct pipeline_target {
    float *first;
    ptrdiff_t right, down;
};

// Returns NULL and sets err when out of memory. NULL may be destroyed.
struct pipeline_sampler *pipeline_sampler_create(struct mc_error *err) MC_MUST_USE;
void pipeline_sampler_destroy(struct pipeline_sampler *sampler);

// Scales the box to width x height pixels, of byte / 255 - mean. Each is the mean over what it
// covers, or where the box is enlarged, interpolated linearly; so are chroma planes, by themselves.
//   format  the frame's; direct (pipeline/track/pixel_format.h)
// Allocates only when sizes grow; returns false when there is no memory. Thread: worker.
bool pipeline_sampler_run(struct pipeline_sampler *sampler, const struct AVFrame *frame,
                          const struct AVPixFmtDescriptor *format,
                          const struct pipeline_colours *colours, const struct pipeline_box *box,
                          int width, int height, float mean,
                          const struct pipeline_target *target) MC_MUST_USE;
