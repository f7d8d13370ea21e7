#include "tools/lab/network_probe.h"

#include <math.h>

#include "nn/quantise.h"
#include "pipeline/frame_pool.h"
#include "pipeline/models.h"
#include "pipeline/track/confirm.h"
#include "pipeline/track/frame_view.h"
#include "pipeline/track/location.h"
#include "pipeline/track/scaler.h"
#include "protocol/record.h"
#include "tools/face68.h"

bool lab_network_probe_init(struct lab_network_probe *probe, const struct pipeline_models *models,
                            enum nn_head head, struct mc_error *err)
{
    probe->head = head;
    return pipeline_detectors_init(&probe->detectors, models, err);
}

void lab_network_probe_finish(struct lab_network_probe *probe)
{
    pipeline_detectors_finish(&probe->detectors);
}

static struct pipeline_frame_view view_of(const struct lab_network_probe *probe,
                                          const struct pipeline_frame *frame)
{
    return (struct pipeline_frame_view){ .detectors = &probe->detectors,
                                         .frame = frame->image,
                                         .display = &frame->display };
}

// Where the face is; angle: that of its regions.
static struct pipeline_location locate(const struct protocol_face *face, float *angle)
{
    *angle = pipeline_location_next_angle(face->keypoints, 0);
    return pipeline_location_of_keypoints(face->keypoints, face->keypoint_count, *angle);
}

// The region that the landmark network gets.
static struct pipeline_roi landmark_region(const struct lab_network_probe *probe,
                                           const struct protocol_face *face)
{
    float angle;
    const struct pipeline_location location = locate(face, &angle);
    return pipeline_location_roi(&location, probe->detectors.model->crop_margin, angle);
}

// The regions that the locator gets: those of a search, then that around the face.
static bool locator_region(int index, const struct protocol_record *record,
                           const struct pipeline_frame *frame, struct pipeline_roi *roi)
{
    const int width = frame->display.width, height = frame->display.height;
    if (pipeline_locator_view(index, width, height, roi)) {
        return true;
    }
    if (record->face_count == 0 || !pipeline_locator_view(index - 1, width, height, roi)) {
        return false;
    }
    float angle;
    const struct pipeline_location location = locate(&record->faces[0], &angle);
    *roi = pipeline_confirm_surroundings(&location, angle);
    return true;
}

// ---- Ranges

static bool calibrate_region(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                             float mean, struct nn_quantiser *quantiser, long *count,
                             struct mc_error *err)
{
    const struct nn_tensor input = nn_quantiser_input(quantiser);
    struct pipeline_mapping mapping;
    if (!pipeline_scaler_run(view->detectors->scaler, view->frame, view->display, roi, mean, &input,
                             &mapping, err)) {
        return false;
    }
    nn_quantiser_run(quantiser);
    ++*count;
    return true;
}

bool lab_network_probe_calibrate(const struct lab_network_probe *probe,
                                 const struct protocol_record *record,
                                 const struct pipeline_frame *frame, struct nn_quantiser *quantiser,
                                 long *count, struct mc_error *err)
{
    struct pipeline_frame_view view = view_of(probe, frame);
    const struct pipeline_detectors *detectors = &probe->detectors;
    struct pipeline_roi roi;
    if (probe->head == NN_HEAD_LOCATOR) {
        for (int i = 0; locator_region(i, record, frame, &roi); i++) {
            if (!calibrate_region(&view, &roi, detectors->locator.info->input_mean, quantiser,
                                  count, err)) {
                return false;
            }
        }
        return true;
    }
    if (record->face_count == 0) {
        return true;
    }
    const struct protocol_face *face = &record->faces[0];
    if (probe->head != NN_HEAD_EXPRESSION) {
        roi = landmark_region(probe, face);
        return calibrate_region(&view, &roi, detectors->model->input_mean, quantiser, count, err);
    }
    const struct nn_tensor input = nn_quantiser_input(quantiser);
    struct pipeline_mapping mapping;
    if (pipeline_frame_view_crop(&view, face->keypoints, &input, &mapping)) {
        nn_quantiser_run(quantiser);
        ++*count;
    }
    return true;
}

// ---- Deviation

static void add(struct lab_deviation *deviation, double percent)
{
    deviation->sum += percent;
    deviation->count++;
}

static float distance(struct mc_keypoint a, struct mc_keypoint b)
{
    return hypotf(a.x - b.x, a.y - b.y);
}

// Mean over the landmarks, percent of the distance of the outer corners of the eyes.
static void compare_landmarks(struct pipeline_frame_view *f32, struct pipeline_frame_view *other,
                              const struct pipeline_roi *roi, struct lab_deviation *deviation)
{
    struct pipeline_observation wide = { 0 }, narrow = { 0 };
    pipeline_frame_view_observe(f32, roi, &wide);
    pipeline_frame_view_observe(other, roi, &narrow);
    if (wide.score < 0 || narrow.score < 0) {
        return;
    }
    double sum = 0;
    for (int i = 0; i < TOOLS_FACE68_COUNT; i++) {
        sum += (double)distance(wide.keypoints[i], narrow.keypoints[i]);
    }
    const double eyes = (double)distance(wide.keypoints[TOOLS_FACE68_RIGHT_EYE],
                                         wide.keypoints[TOOLS_FACE68_LEFT_EYE]);
    add(deviation, 100 * sum / TOOLS_FACE68_COUNT / eyes);
}

// Mean over the shapes, percent of full strength.
static void compare_expressions(struct pipeline_frame_view *f32, struct pipeline_frame_view *other,
                                const struct protocol_face *face, struct lab_deviation *deviation)
{
    struct pipeline_observation wide = { 0 }, narrow = { 0 };
    for (int i = 0; i < TOOLS_FACE68_COUNT; i++) {
        wide.keypoints[i] = narrow.keypoints[i] = face->keypoints[i];
    }
    pipeline_frame_view_express(f32, &wide);
    pipeline_frame_view_express(other, &narrow);
    double sum = 0;
    int count = 0;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (wide.expression.known & narrow.expression.known & UINT64_C(1) << i) {
            sum += fabs((double)(wide.expression.shapes[i] - narrow.expression.shapes[i]));
            count++;
        }
    }
    if (count > 0) {
        add(deviation, 100 * sum / count);
    }
}

// The distance of two opposite corners, mean, percent of the longer edge.
static double box_deviation(const struct pipeline_detection *a, const struct pipeline_detection *b)
{
    const double x = (double)(a->x - b->x), y = (double)(a->y - b->y);
    const double width = (double)(a->width - b->width) / 2;
    const double height = (double)(a->height - b->height) / 2;
    const double size = (double)fmaxf(a->width, a->height);
    return 50 * (hypot(x - width, y - height) + hypot(x + width, y + height)) / size;
}

// The best detections of a region; a face that only one precision finds deviates by all its size.
static void compare_detections(struct pipeline_frame_view *f32, struct pipeline_frame_view *other,
                               const struct pipeline_roi *roi, struct lab_deviation *deviation)
{
    struct pipeline_detection wide[NN_DETECTIONS_MAX], narrow[NN_DETECTIONS_MAX];
    const int wide_count = pipeline_frame_view_detect(f32, roi, 1, wide);
    const int narrow_count = pipeline_frame_view_detect(other, roi, 1, narrow);
    if (wide_count > 0 && narrow_count > 0) {
        add(deviation, fmin(100, box_deviation(&wide[0], &narrow[0])));
    } else if (wide_count > 0 || narrow_count > 0) {
        add(deviation, 100);
    }
}

bool lab_network_probe_compare(const struct lab_network_probe *f32,
                               const struct lab_network_probe *other,
                               const struct protocol_record *record,
                               const struct pipeline_frame *frame, struct lab_deviation *deviation,
                               struct mc_error *err)
{
    struct pipeline_frame_view wide = view_of(f32, frame), narrow = view_of(other, frame);
    struct pipeline_roi roi;
    if (f32->head == NN_HEAD_LOCATOR) {
        for (int i = 0; locator_region(i, record, frame, &roi); i++) {
            compare_detections(&wide, &narrow, &roi, deviation);
        }
    } else if (record->face_count > 0 && f32->head == NN_HEAD_EXPRESSION) {
        compare_expressions(&wide, &narrow, &record->faces[0], deviation);
    } else if (record->face_count > 0) {
        roi = landmark_region(f32, &record->faces[0]);
        compare_landmarks(&wide, &narrow, &roi, deviation);
    }
    const struct mc_error *failed = wide.err.message[0] != '\0' ? &wide.err : &narrow.err;
    return failed->message[0] == '\0' || mc_error_set(err, failed->code, 0, "%s", failed->message);
}
