// Faces of one image, on rendered faces whose landmarks are known.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/still_image.h"
#include "protocol/record.h"
#include "tools/synthface/synthface.h"

#define MODELS MOCAPD_SOURCE_DIR "/models/"

enum { EDGE = 320, WIDE = 2 * EDGE };
static const double near_px = 5; // of the network, for a face some 110 pixels wide

static struct pipeline_models models;
static struct protocol_record record;
static uint8_t image[EDGE * WIDE * 3];
static struct synthface_truth truth;

static int set_up(void **state)
{
    const struct pipeline_model_files files = { .landmarks = MODELS NN_MODEL_DEFAULT_FILE,
                                                .locator = MODELS NN_LOCATOR_DEFAULT_FILE,
                                                .expression = MODELS NN_EXPRESSION_DEFAULT_FILE };
    unsigned cpu_flags;
    (void)state;
    assert_true(mc_cpu_flags(&cpu_flags, NULL));
    assert_true(pipeline_models_load(&models, &files, cpu_flags, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_models_unload(&models);
    return 0;
}

// A face in the columns from left on of an image width pixels wide.
static void draw(uint32_t seed, int left, int width)
{
    static uint8_t face[EDGE * EDGE * 3];
    struct synthface *drawn = synthface_create(seed, EDGE, EDGE, true, NULL);
    assert_non_null(drawn);
    synthface_render(drawn, 0, 30, face, &truth);
    synthface_destroy(drawn);
    for (int y = 0; y < EDGE; y++) {
        memcpy(&image[3 * (y * width + left)], &face[3 * y * EDGE], 3 * EDGE);
    }
}

static double error_of(const struct protocol_face *face, bool is_upside_down)
{
    double sum = 0;
    for (int i = 0; i < SYNTHFACE_LANDMARKS; i++) {
        const float *point = truth.points[i];
        const float x = is_upside_down ? EDGE - point[0] : point[0];
        const float y = is_upside_down ? EDGE - point[1] : point[1];
        sum += hypot(face->keypoints[i].x - x, face->keypoints[i].y - y);
    }
    return sum / SYNTHFACE_LANDMARKS;
}

static void read(int width)
{
    struct mc_error err = { 0 };
    if (!pipeline_still_image_read(&models, image, width, EDGE, &record, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(record.width, width);
    assert_int_equal(record.height, EDGE);
}

static void a_face_has_all_that_a_record_may_have(void **state)
{
    (void)state;
    draw(3, 0, EDGE);
    read(EDGE);
    assert_int_equal(record.face_count, 1);
    const struct protocol_face *face = &record.faces[0];
    assert_true(error_of(face, false) < near_px);
    assert_true(face->has_dense && face->has_pose && face->has_shapes && face->has_gaze);
    assert_int_equal(face->dense_count, 212);
    assert_true(fabsf(face->pose.euler[1]) < 10); // it looks ahead
}

static void the_same_image_gives_the_same_face(void **state)
{
    (void)state;
    static struct protocol_record first;
    draw(3, 0, EDGE);
    read(EDGE);
    first = record;
    read(EDGE);
    assert_memory_equal(first.faces[0].keypoints, record.faces[0].keypoints,
                        sizeof record.faces[0].keypoints);
}

static void a_face_upside_down_is_found(void **state)
{
    (void)state;
    draw(3, 0, EDGE);
    for (int i = 0, k = EDGE * EDGE - 1; i < k; i++, k--) {
        for (int channel = 0; channel < 3; channel++) {
            const uint8_t kept = image[3 * i + channel];
            image[3 * i + channel] = image[3 * k + channel];
            image[3 * k + channel] = kept;
        }
    }
    read(EDGE);
    assert_int_equal(record.face_count, 1);
    assert_true(error_of(&record.faces[0], true) < 2 * near_px);
}

static void several_faces_are_all_there(void **state)
{
    (void)state;
    draw(3, 0, WIDE);
    draw(5, EDGE, WIDE);
    read(WIDE);
    assert_int_equal(record.face_count, 2);
    assert_int_not_equal(record.faces[0].id, record.faces[1].id);
}

static void nobody_is_no_error(void **state)
{
    (void)state;
    memset(image, 128, sizeof image);
    read(EDGE);
    assert_int_equal(record.face_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_face_has_all_that_a_record_may_have),
        cmocka_unit_test(the_same_image_gives_the_same_face),
        cmocka_unit_test(a_face_upside_down_is_found),
        cmocka_unit_test(several_faces_are_all_there),
        cmocka_unit_test(nobody_is_no_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
