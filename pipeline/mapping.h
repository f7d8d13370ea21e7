// Affine maps between the pixels of two images.
//
// A pixel's coordinates are those of its corner: the middle of the first one lies at
// 0.5, 0.5.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"

// to.x = xx * from.x + xy * from.y + x0, and likewise y.
struct pipeline_mapping {
    float xx, xy, x0;
    float yx, yy, y0;
};

struct pipeline_mapping pipeline_mapping_identity(void);

// Whether horizontal and vertical lines stay horizontal or vertical.
bool pipeline_mapping_is_axis_aligned(const struct pipeline_mapping *mapping);

// First the one, then the other.
struct pipeline_mapping pipeline_mapping_then(const struct pipeline_mapping *first,
                                              const struct pipeline_mapping *second);

// The way back. The mapping must not be singular.
struct pipeline_mapping pipeline_mapping_inverse(const struct pipeline_mapping *mapping);

// The confidence stays.
struct mc_keypoint pipeline_mapping_apply(const struct pipeline_mapping *mapping,
                                          struct mc_keypoint keypoint);

// Turns a keypoint's 2x2 Jacobian (row by row) from the region of interest's axes to the
// frame's. Its scale stays the region's, whose half side is one, as motion models
// have it.
void pipeline_mapping_turn(const struct pipeline_mapping *mapping, const float jacobian[4],
                           float turned[4]);
