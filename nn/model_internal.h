// A model's fields, and how it is built. Private to this folder.
#pragma once

#include "nn/heads/head_motion.h"
#include "nn/metadata.h"
#include "nn/model.h"

struct nn_model {
    struct nn_model_info info;
    struct nn_program *program; // owned; holds its own copy of the weights
    struct nn_motion motion;    // of a motion model; else empty

    // Of an expression model: what is cut; edges in units of the mean face.
    struct nn_expression_place crops[NN_EXPRESSION_CROPS];
    float crop_edges[NN_EXPRESSION_CROPS];

    struct nn_expression_head *expression; // of a face or expression model, owned; else NULL
};

// What a program is built from. Borrows all of it.
struct nn_recipe {
    struct nn_weights *weights;
    unsigned cpu_flags;
    enum nn_precision precision;
    const struct nn_ranges *ranges; // NULL: none, so not INT8
    const struct nn_backbone *backbone;
    struct nn_layout layout;
};

// Builds the program and the motion head, and fills in what info does not hold yet. Returns
// false and sets err on failure.
bool nn_model_build(struct nn_model *model, const struct nn_recipe *recipe,
                    struct mc_error *err) MC_MUST_USE;
