// Draws decoded frames on a canvas the way a player displays them.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct mocapctl_canvas;
struct mocapctl_frame_painter;
struct pipeline_frame;

// NULL when out of memory.
struct mocapctl_frame_painter *mocapctl_frame_painter_create(void);
void mocapctl_frame_painter_destroy(struct mocapctl_frame_painter *painter); // NULL does nothing

// Fills the canvas with the displayed frame, scaled to its size. Where a frame
// turned by other than a right angle leaves a corner empty, it is black. False and err when its
// pixel format can't be read.
bool mocapctl_frame_painter_draw(struct mocapctl_frame_painter *painter,
                                 const struct pipeline_frame *frame,
                                 const struct mocapctl_canvas *canvas,
                                 struct mc_error *err) MC_MUST_USE;
