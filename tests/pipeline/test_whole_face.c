// A model of the whole face, and the expression network behind landmarks, on frames that are
// displayed turned or mirrored: dense points, gaze, rotation and shapes are of what is displayed,
// as keypoints are.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/stream.h"
#include "pipeline/worker.h"
#include "protocol/record.h"
#include "tests/pipeline/clip_file.h"
#include "tools/synthface/synthface.h"

#define MODELS MOCAPD_SOURCE_DIR "/models/"

enum { WIDTH = 320, HEIGHT = 240, FRAMES = 10, RIGHT_IRIS = 202, LEFT_IRIS = 207 };

static uv_loop_t loop;
static struct pipeline_models models;
static struct pipeline_workers *workers;
static struct pipeline_stream *stream;
static char directory[64];
static uint8_t *shown[FRAMES];

// The face of each frame; id 0: none.
static struct protocol_face plain[FRAMES], faces[FRAMES];
static int count;

static int set_up(const struct pipeline_model_files *files)
{
    unsigned cpu_flags;
    plain[0].id = 0;
    clip_directory_make(directory, sizeof directory);
    uv_loop_init(&loop);
    assert_true(mc_cpu_flags(&cpu_flags, NULL));
    assert_true(pipeline_models_load(&models, files, cpu_flags, NULL));
    workers = pipeline_workers_create(&models, 1, NULL);
    assert_non_null(workers);
    struct synthface *face = synthface_create(3, WIDTH, HEIGHT, false, NULL);
    for (int i = 0; i < FRAMES; i++) {
        struct synthface_truth truth;
        shown[i] = malloc(WIDTH * HEIGHT * 3);
        synthface_render(face, 3 * (unsigned)i, 10, shown[i], &truth);
    }
    synthface_destroy(face);
    return 0;
}

static int set_up_whole_face(void **state)
{
    (void)state;
    return set_up(&(struct pipeline_model_files){ MODELS "face-expression.safetensors",
                                                  MODELS NN_LOCATOR_DEFAULT_FILE, "off",
                                                  NN_PRECISION_AUTO });
}

static int set_up_expression(void **state)
{
    (void)state;
    return set_up(&(struct pipeline_model_files){
        MODELS NN_MODEL_DEFAULT_FILE, MODELS NN_LOCATOR_DEFAULT_FILE,
        MODELS NN_EXPRESSION_DEFAULT_FILE, NN_PRECISION_AUTO });
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < FRAMES; i++) {
        free(shown[i]);
    }
    pipeline_workers_destroy(workers);
    pipeline_models_unload(&models);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    clip_directory_remove(directory);
    return 0;
}

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    (void)user;
    (void)frame;
    assert_true(count < FRAMES);
    assert_true(record->width == WIDTH && record->height == HEIGHT);
    faces[count].id = 0;
    if (record->face_count > 0) {
        faces[count] = record->faces[0];
    }
    count++;
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    (void)user;
    assert_string_equal(reason, "");
    if (state == PIPELINE_ENDED) {
        pipeline_stream_close(stream, NULL, NULL);
    }
}

// The frame as it must be coded to be shown upright when turned clockwise by *user degrees.
static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    const int rotate = *(const int *)user;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++, rgb += 3) {
            const int column = rotate == 90    ? height - 1 - y
                               : rotate == 180 ? width - 1 - x
                               : rotate == 270 ? y
                                               : x;
            const int row = rotate == 90    ? x
                            : rotate == 180 ? height - 1 - y
                            : rotate == 270 ? width - 1 - x
                                            : y;
            memcpy(rgb, shown[index] + 3 * (row * WIDTH + column), 3);
        }
    }
}

static void run(struct pipeline_display_options display)
{
    char path[128];
    snprintf(path, sizeof path, "%s/clip.mkv", directory);
    const bool sideways = display.rotate % 180 != 0;
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "ffv1",
                                       .width = sideways ? HEIGHT : WIDTH,
                                       .height = sideways ? WIDTH : HEIGHT,
                                       .frames = FRAMES,
                                       .rate = 10,
                                       .paint = paint,
                                       .user = &display.rotate });
    struct pipeline_motion_options motion = pipeline_motion_options_default();
    motion.smooth.on = false;
    const struct pipeline_stream_options options = {
        .name = "test", .url = path, .every_frame = true, .display = display, .motion = &motion
    };
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, NULL };
    count = 0;
    stream = pipeline_stream_create(&loop, workers, &options, &callbacks, NULL);
    assert_non_null(stream);
    pipeline_stream_start(stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(count, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
        assert_true(faces[i].id > 0 && faces[i].has_gaze && faces[i].has_shapes);
        assert_true(faces[i].has_dense);
        assert_int_equal(faces[i].dense_count, 212);
    }
}

static void run_plain(void)
{
    if (plain[0].id == 0) {
        run((struct pipeline_display_options){ 0 });
        memcpy(plain, faces, sizeof plain);
    }
}

static double difference(float a, float b)
{
    return fabs((double)(a - b)) / FRAMES;
}

// Two images that differ by their resampling alone: on average the same is seen.
static void a_turned_frame_gives_what_the_upright_one_gives(void **state)
{
    (void)state;
    run_plain();
    for (int rotate = 90; rotate < 360; rotate += 90) {
        double shapes = 0, gaze = 0, dense = 0;
        run((struct pipeline_display_options){ .rotate = rotate });
        for (int i = 0; i < FRAMES; i++) {
            const struct protocol_face *a = &faces[i], *b = &plain[i];
            for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
                shapes += difference(a->shapes[k], b->shapes[k]) / PROTOCOL_SHAPE_COUNT;
            }
            for (int k = 0; k < 2; k++) {
                gaze += difference(a->gaze.left[k], b->gaze.left[k]) / 4;
                gaze += difference(a->gaze.right[k], b->gaze.right[k]) / 4;
            }
            for (int k = 0; k < a->dense_count; k++) {
                dense += difference(a->dense[k].x, b->dense[k].x) / 212;
                dense += difference(a->dense[k].y, b->dense[k].y) / 212;
            }
        }
        if (shapes > 0.03 || gaze > 3 || dense > 1) {
            fail_msg("turned by %d: shapes %.3f, gaze %.1f degrees, dense points %.1f pixels off",
                     rotate, shapes, gaze, dense);
        }
    }
}

// The person in the mirror: what was left is right, and looks the other way. Networks are not
// exactly symmetric.
static void a_mirrored_frame_swaps_left_and_right(void **state)
{
    (void)state;
    double swapped = 0, kept = 0, blink = 0, jaw = 0, iris = 0, turned = 0, unturned = 0;
    run_plain();
    run((struct pipeline_display_options){ .mirror = true });
    for (int i = 0; i < FRAMES; i++) {
        const struct protocol_face *a = &faces[i], *b = &plain[i];
        swapped += difference(a->gaze.left[0], -b->gaze.right[0]);
        kept += difference(a->gaze.left[0], b->gaze.left[0]);
        turned += difference(a->pose.euler[1], -b->pose.euler[1]);
        unturned += difference(a->pose.euler[1], b->pose.euler[1]);
        blink +=
            difference(a->shapes[PROTOCOL_EYE_BLINK_LEFT], b->shapes[PROTOCOL_EYE_BLINK_RIGHT]);
        jaw += difference(a->dense[2].x, WIDTH - b->dense[14].x);
        iris += difference(a->dense[RIGHT_IRIS].x, WIDTH - b->dense[LEFT_IRIS].x);
    }
    if (swapped > 0.5 * kept || turned > 0.5 * unturned || blink > 0.15 || jaw > 5 || iris > 3) {
        fail_msg(
            "gaze %.1f degrees off swapped, %.1f if not; yaw %.1f, %.1f; blinks %.2f; jaw %.1f, "
            "irises %.1f pixels",
            swapped, kept, turned, unturned, blink, jaw, iris);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turned_frame_gives_what_the_upright_one_gives),
        cmocka_unit_test(a_mirrored_frame_swaps_left_and_right),
    };
    return cmocka_run_group_tests_name("whole face", tests, set_up_whole_face, tear_down) +
           cmocka_run_group_tests_name("expression", tests, set_up_expression, tear_down);
}
