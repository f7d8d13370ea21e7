// Blend shapes with ARKit's names, 0 to 1: how far a face's features are from the person's
// neutral ones, or what a network reads. docs/motion.md says how reliable each is.
#pragma once

#include "pipeline/motion/features.h"

struct pipeline_expression;

// features and neutral are in the order of enum pipeline_feature. Whatever they hold, each
// shape is from 0 to 1. Shapes that landmarks do not determine are 0.
void pipeline_shapes_make(const float features[PIPELINE_FEATURE_COUNT],
                          const float neutral[PIPELINE_FEATURE_COUNT],
                          float shapes[PROTOCOL_SHAPE_COUNT]);

// The shapes that pipeline_shapes_make determines, 1 << enum protocol_shape each: the first 22.
static const uint64_t pipeline_shapes_made =
    (UINT64_C(1) << (PROTOCOL_BROW_OUTER_UP_RIGHT + 1)) - 1;

// Copies what a network reads, neither clamped nor calibrated; NAN for shapes that it does
// not give.
void pipeline_shapes_read(const struct pipeline_expression *expression,
                          float values[PROTOCOL_SHAPE_COUNT]);
