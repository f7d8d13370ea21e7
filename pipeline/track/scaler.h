// A region of a frame becomes the network's input: cropped, scaled, turned, mirrored,
// normalised. Regions and results are in the displayed frame's pixels.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/mapping.h"

struct AVFrame;
struct nn_tensor;
struct pipeline_display_transform;
struct pipeline_scaler;

// A square of the displayed frame, in its pixels; it may hang over the edges.
// Where angle is not 0, it is turned clockwise about its middle by so much; x and y then
// are the corner that it would have without.
struct pipeline_roi {
    float x, y, side; // left, top
    float angle;      // radians
};

// A scaler keeps the converters of the latest sizes and formats. Each worker
// has its own.
struct pipeline_scaler *pipeline_scaler_create(struct mc_error *err) MC_MUST_USE;
void pipeline_scaler_destroy(struct pipeline_scaler *scaler);

// Fills input with the square of the frame: RGB, byte / 255 - mean. What lies
// outside the frame repeats its edge. A turned square takes about 1.5 times as
// long as one that is not.
//   display  how the frame is displayed
//   mapping  set to where the input's pixels lie in the displayed frame. Exact: it is
//            what was cropped and scaled, after rounding
// Returns false and sets err when the frame's format can't be read, or the
// square lies wholly outside. Allocates only when sizes change.
bool pipeline_scaler_run(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *square, float mean,
                         const struct nn_tensor *input, struct pipeline_mapping *mapping,
                         struct mc_error *err);
