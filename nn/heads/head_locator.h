// The locator's head: maps to boxes of faces.
#pragma once

#include "nn/heads/face.h"
#include "nn/tensor.h"

// Channels of the maps. A cell answers for the face whose middle lies in it.
enum {
    NN_LOCATOR_SCORE,  // logit
    NN_LOCATOR_X,      // the face's middle from the cell's, in cells
    NN_LOCATOR_Y,      //
    NN_LOCATOR_WIDTH,  // logarithm of its size in cells
    NN_LOCATOR_HEIGHT, //
    NN_LOCATOR_CHANNELS,
};

// The faces whose score is at least least_score, the surest first, at most
// NN_FACES_MAX; returns how many. A face is a cell whose score none of its eight
// neighbours exceeds (Zhou et al., "Objects as Points", 2019); of boxes that
// share much, only the surest stays.
//   maps        NN_LOCATOR_CHANNELS channels, float32
//   cell_width  and cell_height: the size of a cell, in pixels of the input
//   faces       room for NN_FACES_MAX; pixels of the input, may hang over its edges
// Neither allocates nor fails. Any thread.
int nn_head_locator(const struct nn_tensor *maps, float cell_width, float cell_height,
                    float least_score, struct nn_face *faces);
