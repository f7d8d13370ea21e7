// How well the model that ships finds the landmarks of synthetic faces, whose
// true places are known: the mean error over the distance of the outer eye
// corners. The same measure is taken of a network that always gives the mean
// shape, and that one must not pass.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/frame.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/display_transform.h"
#include "pipeline/motion/pose.h"
#include "pipeline/track/scaler.h"
#include "tests/larger.h"
#include "tools/synthface/synthface.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/" NN_MODEL_DEFAULT_FILE

enum {
    WIDTH = 320,
    HEIGHT = 240,
    FPS = 25,
    PEOPLE = 3,
    FRAMES = 12,
    SAMPLES = PEOPLE * FRAMES,
    STEP = 21, // frames between two that are looked at
    POINTS = SYNTHFACE_LANDMARKS,
};

static const double error_max = 0.08;
static const double pose_error_max = 6.5; // degrees

struct box {
    float x, y, width, height;
};

static struct box box_of(const struct synthface_truth *truth)
{
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int i = 0; i < POINTS; i++) {
        left = fminf(left, truth->points[i][0]);
        right = fmaxf(right, truth->points[i][0]);
        top = fminf(top, truth->points[i][1]);
        bottom = fmaxf(bottom, truth->points[i][1]);
    }
    return (struct box){ left, top, right - left, bottom - top };
}

static double error_of(const struct synthface_truth *truth, const float points[POINTS][2])
{
    double eyes = hypot((double)(truth->points[36][0] - truth->points[45][0]),
                        (double)(truth->points[36][1] - truth->points[45][1]));
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        sum += hypot((double)(points[i][0] - truth->points[i][0]),
                     (double)(points[i][1] - truth->points[i][1]));
    }
    return sum / POINTS / eyes;
}

struct fixture {
    struct nn_model *model;
    struct nn_runner *runner;
    struct pipeline_scaler *scaler;
    AVFrame *image;
    struct synthface_truth truths[SAMPLES];
    float found[SAMPLES][POINTS][2];
};

static void look(struct fixture *fixture, int sample)
{
    const struct nn_model_info *info = nn_model_info(fixture->model);
    const struct box box = box_of(&fixture->truths[sample]);
    float side = info->crop_margin * fmaxf(box.width, box.height);
    const struct pipeline_roi square = { box.x + (box.width - side) / 2,
                                         box.y + (box.height - side) / 2, side, 0 };
    struct nn_tensor input = nn_runner_input(fixture->runner);
    struct pipeline_mapping mapping;
    struct mc_error err = { 0 };
    const struct pipeline_display_transform display =
        pipeline_display_transform_none(fixture->image->width, fixture->image->height);
    if (!pipeline_scaler_run(fixture->scaler, fixture->image, &display, &square, info->input_mean,
                             &input, &mapping, &err)) {
        fail_msg("%s", err.message);
    }
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    nn_runner_run(fixture->runner, keypoints);
    for (int i = 0; i < POINTS; i++) {
        struct mc_keypoint point = pipeline_mapping_apply(&mapping, keypoints[i]);
        fixture->found[sample][i][0] = point.x;
        fixture->found[sample][i][1] = point.y;
    }
}

static void look_at_everyone(struct fixture *fixture)
{
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    for (int sample = 0; sample < SAMPLES; sample++) {
        struct synthface *face =
            synthface_create((uint32_t)(sample / FRAMES + 1), WIDTH, HEIGHT, false, NULL);
        assert_non_null(face);
        synthface_render(face, (unsigned)(sample % FRAMES * STEP), FPS, rgb,
                         &fixture->truths[sample]);
        synthface_destroy(face);
        for (int y = 0; y < HEIGHT; y++) {
            memcpy(fixture->image->data[0] + y * fixture->image->linesize[0],
                   rgb + (size_t)y * WIDTH * 3, WIDTH * 3);
        }
        look(fixture, sample);
    }
}

static int set_up(void **state)
{
    struct mc_error err = { 0 };
    unsigned flags = 0;
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL || !mc_cpu_flags(&flags, &err)) {
        return 1;
    }
    fixture->model = nn_model_load(MODEL, flags, &err);
    fixture->runner = fixture->model == NULL ? NULL : nn_runner_create(fixture->model, &err);
    fixture->scaler = pipeline_scaler_create(&err);
    fixture->image = av_frame_alloc();
    if (fixture->runner == NULL || fixture->scaler == NULL || fixture->image == NULL) {
        print_error("%s\n", err.message);
        return 1;
    }
    fixture->image->format = AV_PIX_FMT_RGB24;
    fixture->image->width = WIDTH;
    fixture->image->height = HEIGHT;
    *state = fixture;
    if (av_frame_get_buffer(fixture->image, 0) < 0) {
        return 1;
    }
    look_at_everyone(fixture);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    nn_runner_destroy(fixture->runner);
    nn_model_destroy(fixture->model);
    pipeline_scaler_destroy(fixture->scaler);
    av_frame_free(&fixture->image);
    free(fixture);
    return 0;
}

// The mean of all true shapes, each in units of its box: the best that a network
// that does not look could give.
static void mean_shape(const struct fixture *fixture, float shape[POINTS][2])
{
    memset(shape, 0, POINTS * sizeof *shape);
    for (int sample = 0; sample < SAMPLES; sample++) {
        const struct synthface_truth *truth = &fixture->truths[sample];
        const struct box box = box_of(truth);
        for (int i = 0; i < POINTS; i++) {
            shape[i][0] += (truth->points[i][0] - box.x) / box.width / SAMPLES;
            shape[i][1] += (truth->points[i][1] - box.y) / box.height / SAMPLES;
        }
    }
}

static double mean_shape_error(const struct fixture *fixture)
{
    float shape[POINTS][2];
    mean_shape(fixture, shape);
    double sum = 0;
    for (int sample = 0; sample < SAMPLES; sample++) {
        const struct box box = box_of(&fixture->truths[sample]);
        float placed[POINTS][2];
        for (int i = 0; i < POINTS; i++) {
            placed[i][0] = box.x + shape[i][0] * box.width;
            placed[i][1] = box.y + shape[i][1] * box.height;
        }
        sum += error_of(&fixture->truths[sample], (const float(*)[2])placed);
    }
    return sum / SAMPLES;
}

static void the_network_beats_the_mean_shape(void **state)
{
    const struct fixture *fixture = *state;
    double sum = 0, worst = 0;
    for (int sample = 0; sample < SAMPLES; sample++) {
        double error =
            error_of(&fixture->truths[sample], (const float(*)[2])fixture->found[sample]);
        sum += error;
        worst = test_larger(worst, error);
    }
    double network = sum / SAMPLES, shape = mean_shape_error(fixture);
    printf("mean landmark error: %.1f %% of the outer-eye distance (worst frame %.1f %%); "
           "the mean shape's: %.1f %%\n",
           100 * network, 100 * worst, 100 * shape);
    assert_true(network < error_max);
    assert_false(shape < error_max);
    assert_true(network < shape / 2);
}

// Between two rotations, degrees; NAN when one of them is none.
static double angle_between(const float a[3][3], const float b[3][3])
{
    double trace = 0;
    for (int i = 0; i < 9; i++) {
        trace += (double)(a[i / 3][i % 3] * b[i / 3][i % 3]);
    }
    return isnan(trace) ? NAN : acos(fmax(-1, fmin(1, (trace - 1) / 2))) * 57.29578;
}

// The head's pose from what the network found, against the rotation that was drawn.
static void the_pose_is_within_degrees(void **state)
{
    const struct fixture *fixture = *state;
    static const float straight[3][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };
    double sum = 0, worst = 0, turned = 0;
    for (int sample = 0; sample < SAMPLES; sample++) {
        const struct synthface_truth *truth = &fixture->truths[sample];
        const struct pipeline_camera camera = { truth->focal, truth->middle[0], truth->middle[1] };
        struct mc_keypoint points[POINTS];
        struct protocol_pose pose;
        float found[3][3];
        for (int i = 0; i < POINTS; i++) {
            points[i] = (struct mc_keypoint){ fixture->found[sample][i][0],
                                              fixture->found[sample][i][1], 0.8f };
        }
        assert_true(pipeline_pose_fit(points, &camera, &pose));
        pipeline_pose_matrix(&pose, found);
        double angle = angle_between((const float(*)[3])found, (const float(*)[3])truth->rotation);
        sum += angle;
        worst = test_larger(worst, angle);
        turned += angle_between(straight, (const float(*)[3])truth->rotation);
    }
    printf(
        "mean angular error through the network: %.1f degrees (worst %.1f); heads turn by %.1f\n",
        sum / SAMPLES, worst, turned / SAMPLES);
    assert_true(sum / SAMPLES < pose_error_max);
    assert_true(sum < turned / 2); // an answer that is always "straight ahead" fails
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_beats_the_mean_shape),
        cmocka_unit_test(the_pose_is_within_degrees),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
