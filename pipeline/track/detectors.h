// The networks of one worker, which look for faces and landmarks in frames.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/expression.h"
#include "pipeline/track/locator.h"

struct nn_model;
struct nn_model_info;
struct nn_runner;
struct pipeline_scaler;

struct pipeline_detectors {
    const struct nn_model_info *model;                 // of the landmark network; borrowed
    struct nn_runner *runner;                          // owned
    struct pipeline_expression_names expression_names; // of model, if it reads expressions
    struct pipeline_locator locator; // its runner is owned, and NULL without a locator
    struct pipeline_scaler *scaler;  // owned
};

// Allocates what inference needs, for one thread at a time. Both models are borrowed;
// locator may be NULL. Returns false and sets err on failure; finish cleans up then, too.
bool pipeline_detectors_init(struct pipeline_detectors *detectors, const struct nn_model *model,
                             const struct nn_model *locator, struct mc_error *err) MC_MUST_USE;

// All zeros does nothing.
void pipeline_detectors_finish(struct pipeline_detectors *detectors);
