// What a network reads in a face, beyond its landmarks: blend shapes, where the eyes look, how
// the head is turned. In the record's terms and the displayed frame's axes.
#pragma once

#include <stdint.h>

#include "protocol/record.h"

struct nn_expression;
struct nn_model_info;
struct pipeline_mapping;

enum { PIPELINE_EXPRESSION_SHAPES_MAX = 52 }; // of a model

struct pipeline_expression {
    // By enum protocol_shape: 0 at rest, 1 at full strength. Not clamped, because a person's own
    // neutral face may be less than 0. Those that the network does not give are 0.
    float shapes[PROTOCOL_SHAPE_COUNT];
    uint64_t known; // a bit for each shape that the network gives
    // Of the left eye, then the right: yaw and pitch, radians, in the head's axes. Signs as in
    // protocol_pose.euler: an eye is turned by Ry(yaw) Rx(pitch), so positive yaw looks to the
    // person's right, positive pitch down.
    float gaze[2][2];
    // From the head's axes to the camera's, row by row, as protocol_pose.rotation, but for a
    // camera that looks straight at x, y.
    float rotation[3][3];
    float x, y; // the middle of the region of interest, displayed pixels
};

_Static_assert(PROTOCOL_SHAPE_COUNT <= 64, "a bit for each shape");

// Which of the record's shapes a model's are.
struct pipeline_expression_names {
    int count;
    int shapes[PIPELINE_EXPRESSION_SHAPES_MAX]; // enum protocol_shape; -1: none of them
};

void pipeline_expression_names_init(struct pipeline_expression_names *names,
                                    const struct nn_model_info *info);

// Any thread.
//   mapping        from the network's input to the displayed frame, as the scaler sets it:
//                  turned and scaled, not mirrored
//   width, height  of the input, pixels
void pipeline_expression_make(const struct pipeline_expression_names *names,
                              const struct nn_expression *seen,
                              const struct pipeline_mapping *mapping, int width, int height,
                              struct pipeline_expression *expression);
