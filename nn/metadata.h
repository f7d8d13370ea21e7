// The metadata of a weight file: its __metadata__ object. Private to this folder.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct nn_backbone;
struct nn_model_info;
struct nn_ranges;
struct nn_weights;

enum { NN_INPUT_MIN = 32, NN_INPUT_MAX = 1024 }; // pixels

// How the network is put together, beyond what nn_model_info holds.
struct nn_layout {
    int antialias;     // the backbone sees the input at 1/antialias of its size
    int features;      // channels of the backbone's output
    int kernel;        // kernel size of the convolution to heat maps
    int upsample;      // landmark: factor by which heat maps are enlarged
    bool direct;       // motion: the features are the maps; there is no convolution
    bool small;        // motion: a convolution makes all maps before they are enlarged
    float temperature; // motion: of the softmax
};

// The backbone of that name. NULL and err, which lists the names there are, if there is
// none.
const struct nn_backbone *nn_metadata_find(const char *name, struct mc_error *err) MC_MUST_USE;

// The backbone that the file is for, or NULL and err.
const struct nn_backbone *nn_metadata_backbone(const struct nn_weights *weights,
                                               struct mc_error *err) MC_MUST_USE;

// The ranges that int8 requires, in *ranges; NULL if the file has none. Returns false and sets err,
// which names the key, if they are malformed.
bool nn_metadata_ranges(const struct nn_weights *weights, struct nn_ranges **ranges,
                        struct mc_error *err) MC_MUST_USE;

// Fills in layout, and the fields of info that the metadata determines. On failure returns
// false and sets err to the key, what it must be and what it is.
bool nn_metadata_read(const struct nn_weights *weights, const struct nn_backbone *backbone,
                      struct nn_model_info *info, struct nn_layout *layout,
                      struct mc_error *err) MC_MUST_USE;
