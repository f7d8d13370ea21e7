// The models that ship find and follow synthetic heads, whose places are known:
// several, turning, leaving, hidden, none.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/frame.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/track/detectors.h"
#include "pipeline/track/tracker.h"
#include "tests/larger.h"
#include "tools/synthface/synthface.h"

#define MODELS MOCAPD_SOURCE_DIR "/models/"

enum { WIDTH = 640, HEIGHT = 320, HEAD = 320, FPS = 25, POINTS = SYNTHFACE_LANDMARKS };

// Landmarks may be off by so much of the outer-eye distance, as a mean.
static const float tolerance = 0.15f;

struct fixture {
    struct nn_model *model, *locator;
    struct pipeline_detectors detectors;
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    AVFrame *frame;
};

// ---- the frame -------------------------------------------------------------------------

static uint8_t *pixel(const struct fixture *fixture, int x, int y)
{
    return fixture->frame->data[0] + y * fixture->frame->linesize[0] + 3 * x;
}

// A wall with a lamp, a clock's round face, and a shelf.
static void paint_room(const struct fixture *fixture)
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *to = pixel(fixture, x, y);
            const float lamp = 60 * expf(-hypotf((float)x - 540, (float)y - 60) / 90);
            const float clock = hypotf((float)x - 110, (float)y - 80);
            int grey = 110 + y / 8 + (int)lamp;
            grey = clock < 40 ? 220 : clock < 44 ? 40 : grey;
            grey = clock < 40 && abs(x - 110) < 3 && y < 80 && y > 50 ? 30 : grey;
            grey = y > 230 && y < 240 && x > 60 && x < 300 ? 70 : grey;
            to[0] = (uint8_t)grey;
            to[1] = (uint8_t)(grey - 6);
            to[2] = (uint8_t)(grey - 14);
        }
    }
}

// A head of HEAD x HEAD pixels with its left edge at left, and its truth.
static void paint_head(const struct fixture *fixture, uint32_t seed, unsigned frame, int left,
                       struct synthface_truth *truth)
{
    static uint8_t rgb[HEAD * HEAD * 3];
    struct synthface *face = synthface_create(seed, HEAD, HEAD, false, NULL);
    assert_non_null(face);
    synthface_render(face, frame, FPS, rgb, truth);
    synthface_destroy(face);
    for (int y = 0; y < HEAD; y++) {
        for (int x = 0; x < HEAD; x++) {
            if (x + left >= 0 && x + left < WIDTH) {
                memcpy(pixel(fixture, x + left, y), rgb + ((size_t)y * HEAD + (size_t)x) * 3, 3);
            }
        }
    }
    for (int i = 0; i < POINTS; i++) {
        truth->points[i][0] += (float)left;
    }
}

static void paint_grey(const struct fixture *fixture, int left, int top, int right, int bottom)
{
    for (int y = top; y < bottom; y++) {
        memset(pixel(fixture, left, y), 128, (size_t)(3 * (right - left)));
    }
}

// Turns the frame clockwise about its middle, and the truth with it.
static void turn_frame(const struct fixture *fixture, float angle, struct synthface_truth *truth)
{
    static uint8_t copy[HEIGHT * WIDTH * 3];
    for (int y = 0; y < HEIGHT; y++) {
        memcpy(copy + (size_t)y * WIDTH * 3, pixel(fixture, 0, y), WIDTH * 3);
    }
    const float c = cosf(angle), s = sinf(angle), middle_x = WIDTH / 2.0f, middle_y = HEIGHT / 2.0f;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            const float dx = (float)x + 0.5f - middle_x, dy = (float)y + 0.5f - middle_y;
            const int from_x = (int)fminf(fmaxf(middle_x + c * dx + s * dy, 0), WIDTH - 1);
            const int from_y = (int)fminf(fmaxf(middle_y - s * dx + c * dy, 0), HEIGHT - 1);
            memcpy(pixel(fixture, x, y), copy + ((size_t)from_y * WIDTH + (size_t)from_x) * 3, 3);
        }
    }
    for (int i = 0; i < POINTS; i++) {
        const float dx = truth->points[i][0] - middle_x, dy = truth->points[i][1] - middle_y;
        truth->points[i][0] = middle_x + c * dx - s * dy;
        truth->points[i][1] = middle_y + s * dx + c * dy;
    }
}

// ---- the tracker -----------------------------------------------------------------------

static void begin(struct fixture *fixture, int max_faces)
{
    const struct nn_model_info *info = nn_model_info(fixture->model);
    const struct pipeline_tracker_options options = {
        .keypoint_count = info->keypoint_count,
        .margin = info->crop_margin,
        .max_faces = max_faces,
        .has_ibug68 = true,
    };
    pipeline_tracker_init(&fixture->tracker, &options);
}

static void observe(struct fixture *fixture)
{
    const struct pipeline_display_transform display =
        pipeline_display_transform_none(WIDTH, HEIGHT);
    struct pipeline_frame_view view = {
        .detectors = &fixture->detectors,
        .frame = fixture->frame,
        .display = &display,
    };
    pipeline_tracker_run(&fixture->tracker, &view, &fixture->observations);
    pipeline_tracker_look(&fixture->tracker, &view);
    assert_string_equal(view.err.message, "");
}

// Mean distance of the landmarks from the truth, over that of the outer eye corners.
static float error_of(const struct pipeline_observation *observation,
                      const struct synthface_truth *truth)
{
    const float eyes = hypotf(truth->points[45][0] - truth->points[36][0],
                              truth->points[45][1] - truth->points[36][1]);
    float sum = 0;
    for (int i = 0; i < POINTS; i++) {
        sum += hypotf(observation->keypoints[i].x - truth->points[i][0],
                      observation->keypoints[i].y - truth->points[i][1]);
    }
    return sum / POINTS / eyes;
}

// ---- scenes ----------------------------------------------------------------------------

static void two_faces_are_followed_side_by_side(void **state)
{
    struct fixture *fixture = *state;
    struct synthface_truth truths[2];
    int ids[2] = { 0, 0 };
    begin(fixture, 4);
    for (unsigned frame = 0; frame < 30; frame++) {
        paint_head(fixture, 1, 3 * frame, 0, &truths[0]);
        paint_head(fixture, 2, 3 * frame + 60, WIDTH - HEAD, &truths[1]);
        observe(fixture);
        if (frame < 5) {
            continue;
        }
        assert_int_equal(fixture->observations.count, 2);
        for (int i = 0; i < 2; i++) {
            const int side = fixture->observations.faces[i].keypoints[30].x > (float)WIDTH / 2;
            assert_true(error_of(&fixture->observations.faces[i], &truths[side]) < tolerance);
            ids[side] = ids[side] == 0 ? fixture->observations.faces[i].id : ids[side];
            assert_int_equal(fixture->observations.faces[i].id, ids[side]);
        }
    }
    assert_int_equal(ids[0] + ids[1], 3);
}

static void a_face_that_leaves_comes_back_as_itself(void **state)
{
    struct fixture *fixture = *state;
    struct synthface_truth truth;
    begin(fixture, 1);
    int left = 160, empty = 0;
    for (unsigned frame = 0; frame<40; frame++, left += frame> 5 ? 25 : 0) {
        paint_room(fixture);
        paint_head(fixture, 3, 2 * frame, left, &truth);
        observe(fixture);
        assert_true(frame > 8 || fixture->observations.count == 1);
        empty = fixture->observations.count == 0 ? empty + 1 : 0;
    }
    assert_true(empty >= 5); // and the room was not taken for it
    for (unsigned frame = 0; frame < 12; frame++) {
        paint_room(fixture);
        paint_head(fixture, 3, 2 * frame, 380, &truth);
        observe(fixture);
    }
    assert_int_equal(fixture->observations.count, 1);
    assert_int_equal(fixture->observations.faces[0].id, 1);
    assert_true(error_of(&fixture->observations.faces[0], &truth) < tolerance);
}

static void a_head_is_followed_as_it_turns_over(void **state)
{
    struct fixture *fixture = *state;
    struct synthface_truth truth;
    begin(fixture, 1);
    float worst = 0;
    for (unsigned frame = 0; frame < 60; frame++) {
        const float angle = 1.4f * sinf((float)frame / 60 * 6.2832f); // 80 degrees each way
        paint_room(fixture);
        paint_head(fixture, 4, frame, 160, &truth);
        turn_frame(fixture, angle, &truth);
        observe(fixture);
        assert_int_equal(fixture->observations.count, 1);
        worst = (float)test_larger(worst, error_of(&fixture->observations.faces[0], &truth));
    }
    print_message("worst error while turning: %.3f\n", (double)worst);
    assert_true(worst < tolerance);
}

static void a_hidden_face_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct synthface_truth truth;
    begin(fixture, 1);
    float before = 0, hidden = 1;
    for (unsigned frame = 0; frame < 60; frame++) {
        const bool covered = frame >= 15 && frame < 35;
        paint_room(fixture);
        paint_head(fixture, 5, frame, 160, &truth);
        if (covered) {
            paint_grey(fixture, 200, 20, 440, 300);
        }
        observe(fixture);
        if (fixture->observations.count == 0) {
            assert_true(covered || frame < 45);
            continue;
        }
        const struct pipeline_observation *face = &fixture->observations.faces[0];
        assert_int_equal(face->id, 1);
        assert_true(hypotf(face->keypoints[30].x - truth.points[30][0],
                           face->keypoints[30].y - truth.points[30][1]) < 90); // no jump away
        before = frame == 14 ? face->score : before;
        hidden = covered ? fminf(hidden, face->score) : hidden;
    }
    assert_int_equal(fixture->observations.count, 1);
    assert_true(error_of(&fixture->observations.faces[0], &truth) < tolerance);
    assert_true(hidden < 0.6f * before);
}

static void an_empty_room_has_no_face(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 4);
    paint_room(fixture);
    for (int frame = 0; frame < 60; frame++) {
        observe(fixture);
        assert_int_equal(fixture->observations.count, 0);
    }
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct mc_error err = { 0 };
    unsigned flags = 0;
    if (!mc_cpu_flags(&flags, &err)) {
        return 1;
    }
    fixture.model = nn_model_load(MODELS NN_MODEL_DEFAULT_FILE, flags, &err);
    fixture.locator =
        fixture.model == NULL ? NULL : nn_model_load(MODELS NN_LOCATOR_DEFAULT_FILE, flags, &err);
    fixture.frame = av_frame_alloc();
    if (fixture.locator == NULL || fixture.frame == NULL) {
        print_error("%s\n", err.message);
        return 1;
    }
    fixture.frame->format = AV_PIX_FMT_RGB24;
    fixture.frame->width = WIDTH;
    fixture.frame->height = HEIGHT;
    *state = &fixture;
    return !pipeline_detectors_init(
               &fixture.detectors,
               &(struct pipeline_models){ fixture.model, fixture.locator, NULL }, &err) ||
           av_frame_get_buffer(fixture.frame, 0) < 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    pipeline_detectors_finish(&fixture->detectors);
    nn_model_destroy(fixture->locator);
    nn_model_destroy(fixture->model);
    av_frame_free(&fixture->frame);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_faces_are_followed_side_by_side),
        cmocka_unit_test(a_face_that_leaves_comes_back_as_itself),
        cmocka_unit_test(a_head_is_followed_as_it_turns_over),
        cmocka_unit_test(a_hidden_face_is_waited_for),
        cmocka_unit_test(an_empty_room_has_no_face),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
