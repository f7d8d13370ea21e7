// The networks that frames pass through: one that finds landmarks (or keypoints of another
// kind), one that finds faces, one that reads expressions. Any thread.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "nn/precision.h"

struct nn_model;

struct pipeline_models {
    struct nn_model *landmarks;
    struct nn_model *locator;    // NULL when no stream tracks faces
    struct nn_model *expression; // NULL: none
};

// Weight files. NULL or "": the one that ships. An expression called "off" is none, and none
// ships for landmarks that are not ibug68.
struct pipeline_model_files {
    const char *landmarks, *locator, *expression;
    enum nn_precision precision; // of all of them
};

// Loads all. Returns false and sets err on failure; then there are none.
bool pipeline_models_load(struct pipeline_models *models, const struct pipeline_model_files *files,
                          unsigned cpu_flags, struct mc_error *err) MC_MUST_USE;

// Destroys those that were loaded; all are NULL then.
void pipeline_models_unload(struct pipeline_models *models);

// Whether each does what it is there for, and the expression model fits the landmarks. Returns
// false and sets err if not.
bool pipeline_models_check(const struct pipeline_models *models, struct mc_error *err) MC_MUST_USE;
