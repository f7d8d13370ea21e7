#include "pipeline/track/frame_view.h"

#include <stddef.h>

#include "base/clock.h"
#include "nn/model.h"
#include "pipeline/track/detectors.h"

// What a model of the whole face says beyond landmarks.
static void read_face(const struct pipeline_detectors *detectors,
                      const struct pipeline_mapping *mapping,
                      struct pipeline_observation *observation)
{
    const struct nn_model_info *model = detectors->model;
    const struct mc_keypoint *dense = nn_runner_dense(detectors->runner);
    const struct nn_expression *expression = nn_runner_expression(detectors->runner);
    for (int i = 0; dense != NULL && i < model->dense_count; i++) {
        observation->dense[i] = pipeline_mapping_apply(mapping, dense[i]);
    }
    observation->has_expression = expression != NULL;
    if (expression != NULL) {
        pipeline_expression_make(&detectors->expression_names, expression, mapping,
                                 model->input_width, model->input_height, &observation->expression);
    }
}

void pipeline_frame_view_observe(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                                 struct pipeline_observation *observation)
{
    const struct pipeline_detectors *detectors = view->detectors;
    struct pipeline_mapping mapping;
    struct nn_tensor input = nn_runner_input(detectors->runner);
    const int64_t start = mc_clock_now_ns();
    const bool scaled =
        pipeline_scaler_run(detectors->scaler, view->frame, view->display, roi,
                            detectors->model->input_mean, &input, &mapping, &view->err);
    const int64_t middle = mc_clock_now_ns();
    view->scale_us += (middle - start) / MC_NS_PER_US;
    if (!scaled) {
        observation->score = -1;
        return;
    }
    struct mc_keypoint *keypoints = observation->keypoints;
    observation->score = nn_runner_run(detectors->runner, keypoints);
    const float(*jacobians)[4] = nn_runner_jacobians(detectors->runner);
    for (int i = 0; i < detectors->model->keypoint_count; i++) {
        keypoints[i] = pipeline_mapping_apply(&mapping, keypoints[i]);
        if (jacobians != NULL) {
            pipeline_mapping_turn(&mapping, jacobians[i], observation->jacobians[i]);
        }
    }
    read_face(detectors, &mapping, observation);
    view->infer_us += (mc_clock_now_ns() - middle) / MC_NS_PER_US;
}

int pipeline_frame_view_detect(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                               float share, struct pipeline_detection *found)
{
    const struct pipeline_locator *locator = &view->detectors->locator;
    const int64_t start = mc_clock_now_ns();
    int64_t scale_ns;
    const int count =
        pipeline_locator_run(locator, view->detectors->scaler, view->frame, view->display, roi,
                             share * locator->info->least_score, found, &scale_ns, &view->err);
    view->scale_us += scale_ns / MC_NS_PER_US;
    view->infer_us += (mc_clock_now_ns() - start - scale_ns) / MC_NS_PER_US;
    return count < 0 ? 0 : count;
}
