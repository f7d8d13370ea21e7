// Synthetic faces: frames of a moving head, with the exact position of
// each landmark. The same arguments give the same bytes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum {
    SYNTHFACE_LANDMARKS = 68, // iBUG order
    SYNTHFACE_EDGE_MIN = 32,  // pixels, of the frame
    SYNTHFACE_EDGE_MAX = 4096,
};

struct synthface;

// The ground truth of a frame.
struct synthface_truth {
    float points[SYNTHFACE_LANDMARKS][2]; // pixels; the first pixel's centre is (0.5, 0.5)
    float yaw, pitch, roll;               // degrees: to the frame's right, down, clockwise
    float eye_open[2];                    // 0 shut to 1 open: left in the frame, right
    float mouth_open, smile, brow_raise;  // 0 to 1
    // The head's rotation in the axes of a motion record (x right, y down, z away): the
    // matrix from the head's to the camera's, row by row.
    float rotation[3][3];
    float focal, middle[2]; // of the camera, pixels
};

// A face for frames of width x height; the seed decides the person. Its
// motion repeats every ten seconds; still makes it look straight ahead. NULL
// and err on failure.
struct synthface *synthface_create(uint32_t seed, int width, int height, bool still,
                                   struct mc_error *err) MC_MUST_USE;
void synthface_destroy(struct synthface *face);

// Draws the frame with this number into rgb, height rows of width x 3 bytes, and fills
// truth. Neither allocates nor fails; frames may be drawn in any order. fps > 0.
void synthface_render(struct synthface *face, unsigned frame, double fps, uint8_t *rgb,
                      struct synthface_truth *truth);
