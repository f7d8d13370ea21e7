// Blend shapes with ARKit's names: how far a face's features are from the person's neutral
// ones, 0 to 1. docs/motion.md says how reliable each is.
#pragma once

#include "pipeline/motion/features.h"

// features and neutral are in the order of enum pipeline_feature. Whatever they hold, each
// shape is from 0 to 1.
void pipeline_shapes_make(const float features[PIPELINE_FEATURE_COUNT],
                          const float neutral[PIPELINE_FEATURE_COUNT],
                          float shapes[PROTOCOL_SHAPE_COUNT]);
