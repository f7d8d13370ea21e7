// Refining a head pose: damped Gauss-Newton on what a pinhole camera sees of the mean face.
// For pose.c alone.
#pragma once

#include <stdbool.h>

#include "pipeline/motion/mean_face.h"
#include "pipeline/motion/pose.h"

// Observed landmarks, in units of the focal length from the optical axis, and how much each
// counts.
struct pipeline_refine_seen {
    float u[PIPELINE_MEAN_FACE_POINTS], v[PIPELINE_MEAN_FACE_POINTS];
    float trust[PIPELINE_MEAN_FACE_POINTS];  // squared confidence; 0: does not count
    float weight[PIPELINE_MEAN_FACE_POINTS]; // trust over the squared deviation
    float bound2[PIPELINE_MEAN_FACE_POINTS]; // squared residual, face widths, that counts half
    float distance2; // squared, of the start: turns u and v into face widths
};

struct pipeline_refine_guess {
    float turn[3][3], shift[3];
};

// Moves guess to where the cost is least. Returns false when the head would lie behind the
// camera or the equations have no solution.
bool pipeline_refine_run(const struct pipeline_refine_seen *seen,
                         struct pipeline_refine_guess *guess);

// The cost at guess: of residuals in deviations, Cauchy's. False when a landmark would lie
// behind the camera.
bool pipeline_refine_cost(const struct pipeline_refine_seen *seen,
                          const struct pipeline_refine_guess *guess, float *cost);

// The squared distance of a landmark to the mean face at guess, face widths.
float pipeline_refine_residual2(const struct pipeline_refine_seen *seen,
                                const struct pipeline_refine_guess *guess, int landmark);

// What the landmarks say of the camera, at a refined guess.
void pipeline_refine_lens(const struct pipeline_refine_seen *seen,
                          const struct pipeline_refine_guess *guess, struct pipeline_lens *lens);
