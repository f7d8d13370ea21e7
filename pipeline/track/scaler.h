// A square of a frame becomes the network's input: cropped, scaled, turned,
// normalised.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/keypoint.h"

struct AVFrame;
struct nn_tensor;
struct pipeline_scaler;

// A square of the source picture, in its pixels; it may hang over the edges.
// Where angle is not 0, it is turned about its middle by so much, clockwise on the
// upright picture; x and y then are the corner that it would have without.
struct pipeline_roi {
    float x, y, side; // left, top
    float angle;      // radians
};

// Where an input pixel lies in the source: source x = xx * x + xy * y + x0, and
// likewise y. Exact: it is what was cropped and scaled, after rounding.
struct pipeline_mapping {
    float xx, xy, x0;
    float yx, yy, y0;
};

// A scaler keeps the converters of the latest sizes and formats. Each worker
// has its own.
struct pipeline_scaler *pipeline_scaler_create(struct mc_error *err) MC_MUST_USE;
void pipeline_scaler_destroy(struct pipeline_scaler *scaler);

// Fills input with the square of the picture: RGB, byte / 255 - mean. What lies
// outside the picture repeats its edge. A turned square takes about 1.5 times as
// long as one that is not.
//   quarter_turns  clockwise, that make the picture upright
// Returns false and sets err when the picture's format can't be read, or the
// square lies wholly outside. Allocates only when sizes change.
bool pipeline_scaler_run(struct pipeline_scaler *scaler, const struct AVFrame *picture,
                         int quarter_turns, const struct pipeline_roi *square, float mean,
                         const struct nn_tensor *input, struct pipeline_mapping *mapping,
                         struct mc_error *err);

// From input pixels to source pixels; the confidence stays.
struct mc_keypoint pipeline_mapping_apply(const struct pipeline_mapping *mapping,
                                          struct mc_keypoint keypoint);

// Turns a keypoint's 2x2 Jacobian (row by row) from the upright square's axes to the
// source's. Its scale stays the square's, whose half side is one, as motion models
// have it.
void pipeline_mapping_turn(const struct pipeline_mapping *mapping, const float jacobian[4],
                           float turned[4]);
