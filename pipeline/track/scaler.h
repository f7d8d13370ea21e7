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

// A region of interest: a square of the displayed frame, in its pixels. It may hang over
// the edges. It is turned clockwise about its middle by angle; x and y are the corner that
// it would have without the turn.
struct pipeline_roi {
    float x, y, side; // left, top
    float angle;      // radians
};

// Keeps memory for the largest region so far. Each worker has its own.
// Returns NULL and sets err when out of memory. NULL may be destroyed.
struct pipeline_scaler *pipeline_scaler_create(struct mc_error *err) MC_MUST_USE;
void pipeline_scaler_destroy(struct pipeline_scaler *scaler);

// Fills input with the region of the frame: RGB, byte / 255 - mean. What lies outside the
// frame repeats its edge. A turned region takes about 1.5 times as long as an upright one.
//   display  how the frame is displayed
//   mapping  set to where the input's pixels lie in the displayed frame, exactly
// Returns false and sets err when the frame's format can't be read or the region lies
// wholly outside. Allocates only when sizes grow. Thread: worker, one at a time.
bool pipeline_scaler_run(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *roi, float mean, const struct nn_tensor *input,
                         struct pipeline_mapping *mapping, struct mc_error *err);
