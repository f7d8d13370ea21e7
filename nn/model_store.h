// How a model is kept. Of use to model.c and runner.c alone.
#pragma once

#include "nn/heads/head_expression.h"
#include "nn/heads/head_motion.h"
#include "nn/model.h"

struct nn_model {
    struct nn_model_info info;
    struct nn_program *program;            // owned; holds its own copy of the weights
    struct nn_motion motion;               // of a motion model; else empty
    struct nn_expression_head *expression; // of a face model, owned; else NULL
};
