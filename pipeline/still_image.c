#include "pipeline/still_image.h"

#include <string.h>

#include <libavutil/frame.h>

#include "pipeline/display_transform.h"
#include "pipeline/faces.h"
#include "pipeline/models.h"
#include "pipeline/motion/motion.h"
#include "pipeline/track/detectors.h"
#include "pipeline/track/tracker.h"
#include "protocol/record.h"

enum {
    // A tracker searches part of a frame at a time: as many see all of it, turned every way.
    LOOKS_MAX = 48,
    // After the first face: others are found, and regions of interest settle on landmarks.
    SETTLING = 12,
};

// The image as a frame; its memory stays the caller's.
static AVFrame *frame_of(const uint8_t *rgb, int width, int height)
{
    AVFrame *frame = av_frame_alloc();
    if (frame != NULL) {
        frame->format = AV_PIX_FMT_RGB24;
        frame->width = width;
        frame->height = height;
        frame->data[0] = (uint8_t *)(uintptr_t)rgb; // the networks only read it
        frame->linesize[0] = 3 * width;
    }
    return frame;
}

// As if a camera showed the image for a while.
static void track(const struct pipeline_tracker_options *options, struct pipeline_frame_view *view,
                  struct pipeline_observations *observations)
{
    struct pipeline_tracker tracker;
    int remaining = LOOKS_MAX;
    bool has_settled = false;
    pipeline_tracker_init(&tracker, options);
    while (remaining-- > 0) {
        pipeline_tracker_run(&tracker, view, observations);
        pipeline_tracker_look(&tracker, view);
        if (observations->count > 0 && !has_settled) {
            has_settled = true;
            remaining = SETTLING;
        }
    }
}

static void fill(struct protocol_record *record, const struct nn_model_info *model,
                 const struct pipeline_observations *observations)
{
    const struct pipeline_expression *expressions[PROTOCOL_FACES_MAX] = { NULL };
    const struct pipeline_motion_options options = pipeline_motion_options_default();
    struct pipeline_motion motion;
    record->face_count = observations->count;
    for (int i = 0; i < observations->count; i++) {
        const struct pipeline_observation *observation = &observations->faces[i];
        record->faces[i].id = observation->id;
        pipeline_faces_fill(model, observation, &record->faces[i]);
        expressions[i] = observation->has_expression ? &observation->expression : NULL;
    }
    pipeline_motion_init(&motion, &options);
    pipeline_motion_run(&motion, record, expressions);
}

bool pipeline_still_image_read(const struct pipeline_models *models, const uint8_t *rgb, int width,
                               int height, struct protocol_record *record, struct mc_error *err)
{
    const struct pipeline_display_transform display =
        pipeline_display_transform_none(width, height);
    struct pipeline_observations observations = { 0 };
    struct pipeline_detectors detectors;
    AVFrame *frame = frame_of(rgb, width, height);
    bool good = frame != NULL ? pipeline_detectors_init(&detectors, models, err)
                              : mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for an image");
    memset(record, 0, sizeof *record);
    memcpy(record->stream, "still", sizeof "still");
    record->width = width;
    record->height = height;
    if (good) {
        struct pipeline_frame_view view = { .detectors = &detectors,
                                            .frame = frame,
                                            .display = &display };
        const struct pipeline_tracker_options options =
            pipeline_faces_tracker_options(detectors.model, PIPELINE_FACES_MAX);
        track(&options, &view, &observations);
        for (int i = 0; i < observations.count; i++) {
            pipeline_frame_view_express(&view, &observations.faces[i]);
        }
        fill(record, detectors.model, &observations);
    }
    if (frame != NULL) {
        pipeline_detectors_finish(&detectors);
    }
    av_frame_free(&frame);
    return good;
}
