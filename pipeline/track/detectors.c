#include "pipeline/track/detectors.h"

#include <stddef.h>

#include "nn/model.h"
#include "pipeline/track/scaler.h"

bool pipeline_detectors_init(struct pipeline_detectors *detectors, const struct nn_model *model,
                             const struct nn_model *locator, struct mc_error *err)
{
    *detectors = (struct pipeline_detectors){ .model = nn_model_info(model) };
    detectors->runner = nn_runner_create(model, err);
    if (detectors->runner == NULL) {
        return false;
    }
    pipeline_expression_names_init(&detectors->expression_names, detectors->model);
    if (locator != NULL) {
        detectors->locator.info = nn_model_info(locator);
        detectors->locator.runner = nn_runner_create(locator, err);
        if (detectors->locator.runner == NULL) {
            return false;
        }
    }
    detectors->scaler = pipeline_scaler_create(err);
    return detectors->scaler != NULL;
}

void pipeline_detectors_finish(struct pipeline_detectors *detectors)
{
    pipeline_scaler_destroy(detectors->scaler);
    nn_runner_destroy(detectors->locator.runner);
    nn_runner_destroy(detectors->runner);
    *detectors = (struct pipeline_detectors){ 0 };
}
