// The locator's head: maps to detections.
#pragma once

#include "nn/heads/detection.h"
#include "nn/tensor.h"

// Channels of the maps. Each cell predicts the face whose centre lies in it.
enum {
    NN_LOCATOR_SCORE,  // logit
    NN_LOCATOR_X,      // the face's centre relative to the cell's, in cells
    NN_LOCATOR_Y,      //
    NN_LOCATOR_WIDTH,  // logarithm of its size in cells
    NN_LOCATOR_HEIGHT, //
    NN_LOCATOR_CHANNELS,
};

// Finds the faces with a score of at least least_score. A face is a cell whose score is a
// maximum among its eight neighbours (Zhou et al., "Objects as Points", 2019); of boxes that
// overlap much only the highest-scoring is kept. Neither allocates nor fails. Any thread.
//   maps        NN_LOCATOR_CHANNELS channels, float32
//   cell_width, cell_height  a cell's size, in pixels of the input
//   detections  room for NN_DETECTIONS_MAX; the highest-scoring first, in pixels of the
//               input; boxes may extend beyond it
// Returns how many there are.
int nn_head_locator(const struct nn_tensor *maps, float cell_width, float cell_height,
                    float least_score, struct nn_detection *detections);
