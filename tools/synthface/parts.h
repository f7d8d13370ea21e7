// The parts of the head, each one or a few patches on the shape of head.h.
#pragma once

#include <stdbool.h>

#include "tools/synthface/person.h"

struct painter {
    const struct person *person;
    const struct motion *motion;
    const struct vec3 *landmarks; // 68, in head space
    struct patch *patch;          // scratch
    struct raster *raster;
    struct view head, body;
};

void paint_body(struct painter *painter);  // neck and shoulders
void paint_skull(struct painter *painter); // skin, ears and hair
void paint_face(struct painter *painter);  // eyes, brows, nostrils and mouth
