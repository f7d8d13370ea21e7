#include "pipeline/frame_view.h"

#include <stddef.h>

#include "base/clock.h"
#include "nn/model.h"
#include "pipeline/frame_pool.h"
#include "pipeline/track/scaler.h"
#include "pipeline/worker.h"

static void look(void *user, const struct pipeline_roi *square,
                 struct pipeline_observation *sighting)
{
    struct pipeline_frame_view *gaze = user;
    const struct pipeline_worker_context *seat = gaze->seat;
    struct pipeline_mapping mapping;
    struct nn_tensor input = nn_runner_input(seat->runner);
    const int64_t start = mc_clock_now_ns();
    const bool scaled =
        pipeline_scaler_run(seat->scaler, gaze->frame->picture, &gaze->frame->display, square,
                            seat->model->input_mean, &input, &mapping, &gaze->err);
    const int64_t middle = mc_clock_now_ns();
    gaze->scale_us += (middle - start) / MC_NS_PER_US;
    if (!scaled) {
        sighting->score = -1;
        return;
    }
    struct mc_keypoint *keypoints = sighting->keypoints;
    sighting->score = nn_runner_run(seat->runner, keypoints);
    const float(*jacobians)[4] = nn_runner_jacobians(seat->runner);
    for (int i = 0; i < seat->model->keypoint_count; i++) {
        keypoints[i] = pipeline_mapping_apply(&mapping, keypoints[i]);
        if (jacobians != NULL) {
            pipeline_mapping_turn(&mapping, jacobians[i], sighting->jacobians[i]);
        }
    }
    gaze->infer_us += (mc_clock_now_ns() - middle) / MC_NS_PER_US;
}

static int locate(void *user, const struct pipeline_roi *square, float share,
                  struct pipeline_detection *found)
{
    struct pipeline_frame_view *gaze = user;
    const struct pipeline_locator *locator = &gaze->seat->locator;
    const int64_t start = mc_clock_now_ns();
    int64_t scale_ns;
    const int count = pipeline_locator_run(
        locator, gaze->seat->scaler, gaze->frame->picture, &gaze->frame->display, square,
        share * locator->info->least_score, found, &scale_ns, &gaze->err);
    gaze->scale_us += scale_ns / MC_NS_PER_US;
    gaze->infer_us += (mc_clock_now_ns() - start - scale_ns) / MC_NS_PER_US;
    return count < 0 ? 0 : count;
}

struct pipeline_detectors pipeline_frame_view_detectors(struct pipeline_frame_view *gaze,
                                                        bool locates)
{
    const bool can = gaze->seat->locator.runner != NULL;
    return (struct pipeline_detectors){ look, locates && can ? locate : NULL, gaze };
}
