// The person drawn: everything that the seed decides.
#pragma once

#include <stdint.h>

#include "tools/synthface/head.h"
#include "tools/synthface/patch.h"

struct person {
    struct head_shape shape;
    struct vec3 skin, hair, iris, lips, shirt; // linear light
    struct vec3 wall_top, wall_bottom;
    struct light light;
    float phase; // of the motion, 0 to 1
};

struct person person_make(uint32_t seed);
