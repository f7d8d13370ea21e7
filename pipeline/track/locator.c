#include "pipeline/track/locator.h"

#include <math.h>

#include "base/clock.h"
#include "nn/model.h"

// Parts overlap by at least this share of their edge, so that a face of half the height
// is whole in one of them, or large enough for the region of the whole frame.
static const float shared_edge = 0.2f;

// Without its forehead, and from the input to the frame.
static struct pipeline_detection to_frame(const struct nn_detection *face, float forehead,
                                          const struct pipeline_mapping *mapping)
{
    const float height = face->height / (1 + forehead);
    const struct mc_keypoint middle = { face->x + face->width / 2,
                                        face->y + face->height - height / 2, face->score };
    const struct mc_keypoint at = pipeline_mapping_apply(mapping, middle);
    const float scale_x = hypotf(mapping->xx, mapping->yx);
    const float scale_y = hypotf(mapping->xy, mapping->yy);
    return (struct pipeline_detection){ at.x, at.y, face->width * scale_x, height * scale_y,
                                        face->score };
}

int pipeline_locator_run(const struct pipeline_locator *locator, struct pipeline_scaler *scaler,
                         const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *roi, float least_score,
                         struct pipeline_detection *found, int64_t *scale_ns, struct mc_error *err)
{
    const struct nn_model_info *info = locator->info;
    struct pipeline_mapping mapping;
    struct nn_tensor input = nn_runner_input(locator->runner);
    const int64_t start_ns = mc_clock_now_ns();
    const bool scaled =
        pipeline_scaler_run(scaler, frame, display, roi, info->input_mean, &input, &mapping, err);
    *scale_ns = mc_clock_now_ns() - start_ns;
    if (!scaled) {
        return -1;
    }
    struct nn_detection faces[NN_DETECTIONS_MAX];
    const int count = nn_runner_locate(locator->runner, least_score, faces);
    for (int i = 0; i < count; i++) {
        found[i] = to_frame(&faces[i], info->forehead, &mapping);
    }
    return count;
}

bool pipeline_locator_view(int index, int width, int height, struct pipeline_roi *roi)
{
    const float long_edge = (float)(width > height ? width : height);
    const float short_edge = (float)(width > height ? height : width);
    if (index == 0) {
        *roi = (struct pipeline_roi){ ((float)width - long_edge) / 2,
                                      ((float)height - long_edge) / 2, long_edge, 0 };
        return true;
    }
    const float ratio = long_edge / short_edge;
    const int parts = ratio < 1.25f ? 0 : (int)ceilf((ratio - shared_edge) / (1 - shared_edge));
    if (index > parts) {
        return false;
    }
    const float along = (long_edge - short_edge) * (float)(index - 1) / (float)(parts - 1);
    *roi = width > height ? (struct pipeline_roi){ along, 0, short_edge, 0 }
                          : (struct pipeline_roi){ 0, along, short_edge, 0 };
    return true;
}
