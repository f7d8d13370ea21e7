// What a weight file says of itself: its __metadata__. Of use to model.c alone.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct nn_backbone;
struct nn_model_info;
struct nn_weights;

enum { NN_INPUT_MIN = 32, NN_INPUT_MAX = 1024 }; // pixels

// How a network is put together, beyond nn_model_info.
struct nn_layout {
    int antialias;     // the network sees the input at 1/antialias of its size; 1: as it is
    int features;      // channels of the backbone's last layer
    int kernel;        // of the convolution to heat maps
    int upsample;      // landmark: of the heat maps, behind it
    bool direct;       // motion: the features are the maps, there is no convolution
    bool small;        // motion: a convolution makes all maps before they are enlarged
    float temperature; // motion: of the softmax
};

// The backbone of that name; NULL and err, with the names that there are.
const struct nn_backbone *nn_metadata_find(const char *name, struct mc_error *err) MC_MUST_USE;

// The backbone that the file is for.
const struct nn_backbone *nn_metadata_backbone(const struct nn_weights *weights,
                                               struct mc_error *err) MC_MUST_USE;

// Whether the file holds the ranges that int8 wants.
bool nn_metadata_is_calibrated(const struct nn_weights *weights);

// Fills in info, as far as the file tells, and layout. False and err, naming the
// key and what was expected.
bool nn_metadata_read(const struct nn_weights *weights, const struct nn_backbone *backbone,
                      struct nn_model_info *info, struct nn_layout *layout,
                      struct mc_error *err) MC_MUST_USE;
