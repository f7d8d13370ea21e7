// The shape of the head: a surface, the 68 landmarks on it, and how both move
// with an expression.
//
// Head space: the unit is the distance of the outer eye corners; x right in the
// frame, y down, z towards the viewer; the origin lies between the eyes, on
// the axis of the ears.
#pragma once

#include "tools/synthface/animation.h"
#include "tools/synthface/geometry.h"

enum {
    HEAD_LANDMARKS = 68,
    HEAD_KNOTS = 14, // of the profile, crown to chin
};

// What makes one person's head differ from another's; 1 is average.
struct head_shape {
    float width, length, nose, lips, eyes, jaw;
};

// A point of the profile at t, in 0 (crown) to HEAD_KNOTS - 1 (chin).
struct head_ring {
    float y, half_width;
    float side_z, front_z, back_z; // where it is widest, in front, at the back
};
struct head_ring head_ring_at(const struct head_shape *shape, float t);

// The face at rest: z of the front at (x, y), nose and all.
float head_front_z(const struct head_shape *shape, float x, float y);

// What nose, sockets, lips and chin add to the smooth front.
float head_relief(const struct head_shape *shape, float x, float y);

// Moves a point of the face at rest as the expression asks.
struct vec3 head_express(const struct motion *motion, struct vec3 point);

// The landmarks with the expression in them, in head space.
void head_landmarks(const struct head_shape *shape, const struct motion *motion,
                    struct vec3 points[HEAD_LANDMARKS]);
