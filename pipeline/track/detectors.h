// The networks of one worker, which look for faces and landmarks in frames.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/expression.h"
#include "pipeline/track/locator.h"

struct nn_model;
struct nn_model_info;
struct nn_runner;
struct pipeline_models;
struct pipeline_scaler;

struct pipeline_detectors {
    const struct nn_model_info *model;   // of the landmark network; borrowed
    struct nn_runner *runner;            // owned
    struct pipeline_locator locator;     // its runner is owned, and NULL without a locator
    const struct nn_model *expression;   // borrowed; NULL: none
    struct nn_runner *expression_runner; // owned; NULL: none
    struct pipeline_expression_names expression_names; // of the model that reads expressions
    struct pipeline_scaler *scaler;                    // owned
};

// Allocates what inference needs, for one thread at a time. Borrows the models. Returns false and
// sets err on failure; finish cleans up then, too.
bool pipeline_detectors_init(struct pipeline_detectors *detectors,
                             const struct pipeline_models *models,
                             struct mc_error *err) MC_MUST_USE;

// All zeros does nothing.
void pipeline_detectors_finish(struct pipeline_detectors *detectors);
