// Quantising a float32 file: the loss of accuracy is small and bounded.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/graph/weights.h"
#include "nn/model.h"
#include "nn/quantise.h"
#include "tests/nn/golden.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/face68.safetensors"
#define FACES MOCAPD_SOURCE_DIR "/../shared/models/face68-preview.check.safetensors"

enum { EDGE = 128, KEYPOINTS = 68, FACE_COUNT = 4 };

static unsigned flags;
static char target[] = "/tmp/mocapd-test-XXXXXX";

static struct nn_model *load(const char *path, enum nn_precision precision)
{
    struct mc_error err = { 0 };
    struct nn_model *model = nn_model_load_as(path, flags, precision, &err);
    if (model == NULL) {
        fail_msg("%s", err.message);
    }
    return model;
}

// A blob with a rough resemblance to a face: enough to activate the network.
static void draw(const struct nn_tensor *input, int number)
{
    for (int y = 0; y < EDGE; y++) {
        for (int x = 0; x < EDGE; x++) {
            float dx = (float)(x - 64 - 2 * number) / 40, dy = (float)(y - 64) / 50;
            bool eye = fabsf(fabsf(dx) - 0.45f) < 0.15f && fabsf(dy + 0.3f) < 0.08f;
            bool mouth = fabsf(dx) < 0.35f && fabsf(dy - 0.5f) < 0.08f;
            float value = dx * dx + dy * dy > 1 ? -0.3f : eye || mouth ? -0.4f : 0.2f;
            for (int c = 0; c < 3; c++) {
                nn_tensor_at(input, y, x)[c] = value - 0.08f * (float)c;
            }
        }
    }
}

static void fill(const struct nn_tensor *input, const struct nn_weights *faces, int number)
{
    if (faces == NULL) {
        draw(input, number);
        return;
    }
    static float planar[3 * EDGE * EDGE];
    const float *face = golden_get(faces, "input_rgb01")->data + number * 3 * EDGE * EDGE;
    for (int i = 0; i < 3 * EDGE * EDGE; i++) {
        planar[i] = face[i] - 0.5f;
    }
    golden_fill(input, planar);
}

static void quantise(const struct nn_weights *faces)
{
    struct mc_error err = { 0 };
    struct nn_model *model = load(MODEL, NN_PRECISION_F32);
    struct nn_quantiser *quantiser = nn_quantiser_create(nn_model_program(model), &err);
    assert_non_null(quantiser);
    assert_false(nn_quantiser_write(quantiser, MODEL, target, &err));
    assert_non_null(strstr(err.message, "must be calibrated on at least one input"));
    for (int i = 0; i < FACE_COUNT; i++) {
        struct nn_tensor input = nn_quantiser_input(quantiser);
        fill(&input, faces, i);
        nn_quantiser_run(quantiser);
    }
    if (!nn_quantiser_write(quantiser, MODEL, target, &err)) {
        fail_msg("%s", err.message);
    }
    nn_quantiser_destroy(quantiser);
    nn_model_destroy(model);
}

// Mean distance between the keypoints of two models, in pixels of 128.
static double distance(const struct nn_model *a, const struct nn_model *b,
                       const struct nn_weights *faces, int face_count)
{
    struct nn_runner *first = nn_runner_create(a, NULL), *second = nn_runner_create(b, NULL);
    assert_non_null(first);
    assert_non_null(second);
    double sum = 0;
    for (int i = 0; i < face_count; i++) {
        struct mc_keypoint p[NN_KEYPOINTS_MAX], q[NN_KEYPOINTS_MAX];
        struct nn_tensor input = nn_runner_input(first);
        fill(&input, faces, i);
        input = nn_runner_input(second);
        fill(&input, faces, i);
        nn_runner_run(first, p);
        nn_runner_run(second, q);
        for (int j = 0; j < KEYPOINTS; j++) {
            sum += hypot((double)(p[j].x - q[j].x), (double)(p[j].y - q[j].y));
        }
    }
    nn_runner_destroy(first);
    nn_runner_destroy(second);
    return sum / (face_count * KEYPOINTS);
}

static long size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (long)status.st_size;
}

// Keypoints may move by 1 % of the distance between the outer eye corners, which is about 60
// of the 128 pixels. A drawing has wider heat maps than a face.
static void lower_precision_moves_keypoints_little(void **state)
{
    (void)state;
    struct nn_weights *faces = golden_open(FACES);
    const double limit = faces == NULL ? 1.5 : 0.6;
    quantise(faces);
    assert_true(size_of(target) < size_of(MODEL) * 2 / 3); // which holds float16
    struct nn_model *f32 = load(MODEL, NN_PRECISION_F32);
    struct nn_model *bf16 = load(MODEL, NN_PRECISION_BF16);
    struct nn_model *int8 = load(target, NN_PRECISION_INT8);
    struct nn_model *dequantised = load(target, NN_PRECISION_F32);
    assert_int_equal(nn_model_info(int8)->precision, NN_PRECISION_INT8);
    assert_int_equal(nn_model_info(int8)->parameter_count, nn_model_info(f32)->parameter_count);
    assert_true(nn_model_info(int8)->arena_bytes < nn_model_info(f32)->arena_bytes / 2);
    double by_bf16 = distance(f32, bf16, faces, FACE_COUNT),
           by_int8 = distance(f32, int8, faces, FACE_COUNT);
    double by_weights = distance(f32, dequantised, faces, FACE_COUNT);
    printf("keypoints move by %.3f pixels in bf16, %.3f in int8, %.3f by its weights only\n",
           by_bf16, by_int8, by_weights);
    assert_true(by_bf16 > 0 && by_bf16 < limit);
    assert_true(by_int8 > 0 && by_int8 < limit);
    assert_true(by_weights > 0 && by_weights < limit);
    nn_model_destroy(f32);
    nn_model_destroy(bf16);
    nn_model_destroy(int8);
    nn_model_destroy(dequantised);
    nn_weights_destroy(faces);
}

// All instruction sets agree with plain C, and those without products of bytes need no more
// memory for bytes.
static void int8_is_the_same_at_every_level(void **state)
{
    (void)state;
    const unsigned all = flags;
    unsigned variants[MC_CPU_VARIANTS_MAX];
    const int count = mc_cpu_variants(all, variants);
    flags = 0;
    struct nn_model *plain = load(target, NN_PRECISION_INT8);
    for (int i = 1; i < count; i++) {
        flags = variants[i];
        struct nn_model *fast = load(target, NN_PRECISION_INT8);
        struct nn_model *f32 = load(MODEL, NN_PRECISION_F32);
        assert_true(nn_model_info(fast)->arena_bytes < nn_model_info(f32)->arena_bytes / 2);
        nn_model_destroy(f32);
        const double by_level = distance(fast, plain, NULL, 1);
        printf("keypoints of flags %#x and plain C: %.4f pixels apart\n", variants[i], by_level);
        assert_true(by_level < 0.1);
        nn_model_destroy(fast);
    }
    nn_model_destroy(plain);
    flags = all;
}

static void misuse_is_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_null(nn_model_load_as(MODEL, flags, NN_PRECISION_INT8, &err));
    assert_non_null(strstr(err.message, "int8: must be a quantised model"));
    struct nn_model *model = load(target, NN_PRECISION_F32);
    struct nn_quantiser *quantiser = nn_quantiser_create(nn_model_program(model), &err);
    assert_non_null(quantiser);
    struct nn_tensor input = nn_quantiser_input(quantiser);
    fill(&input, NULL, 0);
    nn_quantiser_run(quantiser);
    assert_false(nn_quantiser_write(quantiser, target, target, &err));
    assert_non_null(strstr(err.message, "must be a float32 model, is int8 already"));
    assert_false(nn_quantiser_write(quantiser, MODEL, "/nowhere/x", &err));
    assert_non_null(strstr(err.message, "/nowhere/x"));
    nn_quantiser_destroy(quantiser);
    nn_model_destroy(model);
}

int main(void)
{
    struct mc_error err = { 0 };
    if (!mc_cpu_flags(&flags, &err)) {
        return 1;
    }
    int file = mkstemp(target);
    if (file < 0) {
        return 1;
    }
    close(file);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lower_precision_moves_keypoints_little),
        cmocka_unit_test(int8_is_the_same_at_every_level),
        cmocka_unit_test(misuse_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(target);
    return failed;
}
