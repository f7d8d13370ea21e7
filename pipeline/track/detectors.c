#include "pipeline/track/detectors.h"

#include <stddef.h>

#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/track/scaler.h"

bool pipeline_detectors_init(struct pipeline_detectors *detectors,
                             const struct pipeline_models *models, struct mc_error *err)
{
    *detectors = (struct pipeline_detectors){ .model = nn_model_info(models->landmarks) };
    detectors->runner = nn_runner_create(models->landmarks, err);
    if (detectors->runner == NULL) {
        return false;
    }
    pipeline_expression_names_init(
        &detectors->expression_names,
        nn_model_info(models->expression != NULL ? models->expression : models->landmarks));
    if (models->locator != NULL) {
        detectors->locator.info = nn_model_info(models->locator);
        detectors->locator.runner = nn_runner_create(models->locator, err);
        if (detectors->locator.runner == NULL) {
            return false;
        }
    }
    if (models->expression != NULL) {
        detectors->expression = models->expression;
        detectors->expression_runner = nn_runner_create(models->expression, err);
        if (detectors->expression_runner == NULL) {
            return false;
        }
    }
    detectors->scaler = pipeline_scaler_create(err);
    return detectors->scaler != NULL;
}

void pipeline_detectors_finish(struct pipeline_detectors *detectors)
{
    pipeline_scaler_destroy(detectors->scaler);
    nn_runner_destroy(detectors->expression_runner);
    nn_runner_destroy(detectors->locator.runner);
    nn_runner_destroy(detectors->runner);
    *detectors = (struct pipeline_detectors){ 0 };
}
