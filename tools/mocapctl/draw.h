// Drawing on an RGB frame: what overlay shows of a record.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct protocol_point_set;
struct protocol_record;

struct mocapctl_canvas {
    uint8_t *rgb; // height rows of width x 3 bytes, row_bytes apart
    int width, height;
    size_t row_bytes;
};

struct mocapctl_colour {
    uint8_t red, green, blue;
};

// A disc around x, y; parts outside the canvas are left out.
void mocapctl_draw_disc(const struct mocapctl_canvas *canvas, float x, float y, float radius,
                        struct mocapctl_colour colour);

// A line of the given width, ends round.
void mocapctl_draw_line(const struct mocapctl_canvas *canvas, float x0, float y0, float x1,
                        float y1, float width, struct mocapctl_colour colour);

// Every face of the record: its box, its contours where the keypoints are the 68
// of iBUG, and its keypoints from red (unsure) to green (sure).
void mocapctl_draw_record(const struct mocapctl_canvas *canvas,
                          const struct protocol_record *record);

// The lines of sight of every face whose gaze and pose are known, from the irises on, half a
// face long.
void mocapctl_draw_gazes(const struct mocapctl_canvas *canvas,
                         const struct protocol_record *record);

// The dense points of every face, and lines through the groups of their set; what is hidden is
// left out.
void mocapctl_draw_dense(const struct mocapctl_canvas *canvas, const struct protocol_record *record,
                         const struct protocol_point_set *set);

// The axes of every head whose pose is known, half a face long: x red, y green, and blue,
// against z, where the face looks.
void mocapctl_draw_poses(const struct mocapctl_canvas *canvas,
                         const struct protocol_record *record);
