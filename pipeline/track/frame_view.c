#include "pipeline/track/frame_view.h"

#include <stddef.h>
#include <string.h>

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
    // With a network of its own for expressions, that one's is used.
    observation->has_expression = expression != NULL && detectors->expression == NULL;
    if (observation->has_expression) {
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

// The quarter of an expression network's input that shows one crop.
static struct nn_tensor quarter(const struct nn_tensor *input, int index)
{
    struct nn_tensor part = *input;
    part.height /= 2;
    part.width /= 2;
    part.data = nn_tensor_at(input, index / 2 * part.height, index % 2 * part.width);
    return part;
}

static void fill_zero(const struct nn_tensor *part)
{
    for (int y = 0; y < part->height; y++) {
        for (int x = 0; x < part->width; x++) {
            memset(nn_tensor_at(part, y, x), 0, (size_t)part->channels * sizeof(float));
        }
    }
}

// An eye or a mouth outside the frame, as when half a face is cut off, is blank.
bool pipeline_frame_view_crop(struct pipeline_frame_view *view, const struct mc_keypoint *keypoints,
                              const struct nn_tensor *input, struct pipeline_mapping *mapping)
{
    const struct pipeline_detectors *detectors = view->detectors;
    const float mean = nn_model_info(detectors->expression)->input_mean;
    bool cut = false;
    for (int i = 0; i < NN_EXPRESSION_CROPS; i++) {
        const struct nn_expression_crop crop = nn_model_crop(detectors->expression, i, keypoints);
        const struct pipeline_roi roi = { crop.x - crop.edge / 2, crop.y - crop.edge / 2, crop.edge,
                                          crop.angle };
        const struct nn_tensor part = quarter(input, i);
        struct mc_error err = { 0 };
        if (!(crop.edge >= 1)) { // landmarks all at one place
            return false;
        }
        cut = pipeline_scaler_run(detectors->scaler, view->frame, view->display, &roi, mean, &part,
                                  mapping, &err);
        if (!cut && err.code != MC_ERROR_ARGUMENT) { // not for lying outside
            view->err = err;
            return false;
        }
        if (!cut) {
            fill_zero(&part);
        }
    }
    return cut;
}

void pipeline_frame_view_express(struct pipeline_frame_view *view,
                                 struct pipeline_observation *observation)
{
    const struct pipeline_detectors *detectors = view->detectors;
    if (detectors->expression == NULL) {
        return;
    }
    struct pipeline_mapping mapping;
    const int64_t start = mc_clock_now_ns();
    const struct nn_tensor input = nn_runner_input(detectors->expression_runner);
    const bool scaled = pipeline_frame_view_crop(view, observation->keypoints, &input, &mapping);
    const int64_t middle = mc_clock_now_ns();
    view->scale_us += (middle - start) / MC_NS_PER_US;
    if (!scaled) {
        return;
    }
    const struct nn_model_info *info = nn_model_info(detectors->expression);
    const struct pipeline_mapping to_crop = pipeline_mapping_inverse(&mapping);
    struct mc_keypoint landmarks[NN_EXPRESSION_LANDMARKS];
    for (int i = 0; i < NN_EXPRESSION_LANDMARKS; i++) {
        landmarks[i] = pipeline_mapping_apply(&to_crop, observation->keypoints[i]);
    }
    pipeline_expression_make(
        &detectors->expression_names, nn_runner_express(detectors->expression_runner, landmarks),
        &mapping, info->input_width / 2, info->input_height / 2, &observation->expression);
    observation->has_expression = true;
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
