// One weight file in every precision: what it loses is small and bounded, and its metadata is
// checked.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"
#include "nn/model.h"
#include "nn/quantise.h"
#include "tests/nn/golden.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/face68.safetensors"
#define PLAIN_MODEL MOCAPD_SOURCE_DIR "/models/zoo/lednet.safetensors" // has no ranges
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

// The weights of MODEL with ranges of some faces.
static struct nn_weights *calibrate(const struct nn_weights *faces)
{
    struct mc_error err = { 0 };
    struct nn_model *model = load(MODEL, NN_PRECISION_F32);
    struct nn_quantiser *quantiser = nn_quantiser_create(nn_model_program(model), &err);
    assert_non_null(quantiser);
    for (int i = 0; i < FACE_COUNT; i++) {
        struct nn_tensor input = nn_quantiser_input(quantiser);
        fill(&input, faces, i);
        nn_quantiser_run(quantiser);
    }
    struct nn_ranges *ranges = nn_quantiser_ranges(quantiser, &err);
    assert_non_null(ranges);
    char *text = nn_ranges_write(ranges, &err);
    assert_non_null(text);
    struct nn_weights *weights = nn_weights_load(MODEL, &err);
    assert_non_null(weights);
    assert_true(nn_weights_set_metadata(weights, NN_RANGES_KEY, text, &err));
    free(text);
    nn_ranges_destroy(ranges);
    nn_quantiser_destroy(quantiser);
    nn_model_destroy(model);
    return weights;
}

static void save(const struct nn_weights *weights)
{
    struct mc_error err = { 0 };
    if (!nn_weights_save_metadata(weights, MODEL, target, &err)) {
        fail_msg("%s", err.message);
    }
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

// Keypoints may move by 1 % of the distance between the outer eye corners, which is about 60
// of the 128 pixels. A drawing has wider heat maps than a face.
static void lower_precision_moves_keypoints_little(void **state)
{
    (void)state;
    struct nn_weights *faces = golden_open(FACES);
    const double limit = faces == NULL ? 1.5 : 0.6;
    struct nn_weights *calibrated = calibrate(faces);
    save(calibrated);
    nn_weights_destroy(calibrated);
    struct nn_model *f32 = load(MODEL, NN_PRECISION_F32);
    struct nn_model *bf16 = load(MODEL, NN_PRECISION_BF16);
    struct nn_model *int8 = load(target, NN_PRECISION_INT8);
    assert_int_equal(nn_model_info(int8)->precision, NN_PRECISION_INT8);
    assert_int_equal(nn_model_info(int8)->parameter_count, nn_model_info(f32)->parameter_count);
    assert_true(nn_model_info(int8)->arena_bytes < nn_model_info(f32)->arena_bytes / 2);
    double by_bf16 = distance(f32, bf16, faces, FACE_COUNT),
           by_int8 = distance(f32, int8, faces, FACE_COUNT);
    printf("keypoints move by %.3f pixels in bf16, %.3f in int8\n", by_bf16, by_int8);
    assert_true(by_bf16 > 0 && by_bf16 < limit);
    assert_true(by_int8 > 0 && by_int8 < limit);
    nn_model_destroy(f32);
    nn_model_destroy(bf16);
    nn_model_destroy(int8);
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

// Saving adds metadata and leaves the rest as it was, in place too.
static void one_file_serves_every_precision(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct nn_weights *before = nn_weights_load(MODEL, &err),
                      *after = nn_weights_load(target, &err);
    assert_non_null(before);
    assert_non_null(after);
    struct nn_model *f32 = load(MODEL, NN_PRECISION_F32), *same = load(target, NN_PRECISION_F32);
    assert_true(distance(f32, same, NULL, 1) == 0);
    assert_true(nn_model_info(same)->range_count > 50);
    assert_string_equal(nn_weights_metadata(after, "mocap.training"),
                        nn_weights_metadata(before, "mocap.training"));
    assert_true(nn_weights_set_metadata(after, "mocap.training", "again", &err));
    assert_true(nn_weights_save_metadata(after, target, target, &err));
    nn_weights_destroy(after);
    after = nn_weights_load(target, &err);
    assert_non_null(after);
    assert_string_equal(nn_weights_metadata(after, "mocap.training"), "again");
    assert_false(nn_weights_save_metadata(after, target, "/nowhere/x", &err));
    assert_non_null(strstr(err.message, "/nowhere/x"));
    nn_weights_destroy(before);
    nn_weights_destroy(after);
    nn_model_destroy(f32);
    nn_model_destroy(same);
}

static enum nn_precision chosen(struct nn_weights *weights, unsigned cpu_flags)
{
    struct mc_error err = { 0 };
    struct nn_model *model = nn_model_create(weights, cpu_flags, NN_PRECISION_AUTO, &err);
    if (model == NULL) {
        fail_msg("%s", err.message);
    }
    const enum nn_precision precision = nn_model_info(model)->precision;
    nn_model_destroy(model);
    return precision;
}

static void set(struct nn_weights *weights, const char *key, const char *value)
{
    assert_true(nn_weights_set_metadata(weights, key, value, NULL));
}

// On a processor that is faster with bytes: only with a small deviation that was measured.
static void auto_takes_what_deviates_little(void **state)
{
    (void)state;
    struct nn_weights *weights = calibrate(NULL);
    set(weights, "mocap.deviation_bf16", "0.3");
    set(weights, "mocap.deviation_int8", "0.3");
    assert_int_equal(chosen(weights, flags), NN_PRECISION_F32);
    set(weights, "mocap.deviation_int8", "0.299");
    assert_int_equal(chosen(weights, 0), NN_PRECISION_F32);
    const unsigned bytes =
        MC_CPU_AVX512_VNNI | MC_CPU_AVX_VNNI | MC_CPU_AMX | MC_CPU_DOTPROD | MC_CPU_I8MM;
    assert_int_equal(chosen(weights, flags), flags & bytes ? NN_PRECISION_INT8 : NN_PRECISION_F32);
    nn_weights_destroy(weights);
}

// Without ranges there is no int8, and no silent other precision.
static void int8_requires_ranges(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_null(nn_model_load_as(PLAIN_MODEL, flags, NN_PRECISION_INT8, &err));
    assert_non_null(strstr(err.message, "int8: must have activation ranges, got none"));
    struct nn_model *model = load(PLAIN_MODEL, NN_PRECISION_AUTO);
    assert_int_equal(nn_model_info(model)->precision, NN_PRECISION_F32);
    assert_int_equal(nn_model_info(model)->range_count, 0);
    nn_model_destroy(model);
}

static void malformed_metadata_is_refused(void **state)
{
    (void)state;
    static const char *const numbers[] = { "", "x", "nan", "-0.1", "inf", "1e9", "0.1 %" };
    static const struct {
        const char *ranges, *message;
    } cases[] = {
        { "", "mocap.ranges: must be JSON" },
        { "{\"a\":NaN}", "mocap.ranges: must be JSON" },
        { "{\"a\":1e999}", "mocap.ranges: must be JSON" },
        { "{\"a\":1,\"a\":2}", "mocap.ranges: must be JSON" },
        { "[1]", "mocap.ranges: must be a JSON object of numbers" },
        { "{}", "mocap.ranges: must be a JSON object of numbers" },
        { "{\"a\":-1}", "mocap.ranges: a: must be 0 or a number from 1e-06 to 1e+06" },
        { "{\"a\":1e-7}", "mocap.ranges: a: must be 0 or a number" },
        { "{\"a\":1e7}", "mocap.ranges: a: must be 0 or a number" },
        { "{\"a\":\"1\"}", "mocap.ranges: a: must be 0 or a number" },
        { "{\"a\":null}", "mocap.ranges: a: must be 0 or a number" },
        { "{\"a\":1}", "mocap.ranges: must have a number for blocks.0" },
    };
    struct mc_error err = { 0 };
    struct nn_weights *weights = nn_weights_load(MODEL, &err);
    assert_non_null(weights);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set(weights, NN_RANGES_KEY, cases[i].ranges);
        for (int p = 0; p < NN_PRECISION_COUNT; p++) { // whichever runs
            assert_null(nn_model_create(weights, 0, (enum nn_precision)p, &err));
            if (strstr(err.message, cases[i].message) == NULL) {
                fail_msg("%s: got '%s'", cases[i].ranges, err.message);
            }
        }
    }
    nn_weights_destroy(weights);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        weights = nn_weights_load(MODEL, &err);
        assert_non_null(weights);
        set(weights, "mocap.deviation_int8", numbers[i]);
        assert_null(nn_model_create(weights, 0, NN_PRECISION_AUTO, &err));
        assert_non_null(strstr(err.message, "mocap.deviation_int8: must be a number from 0 to"));
        nn_weights_destroy(weights);
    }
}

// Ranges of every step, and of no other; a map that is zero everywhere stays float32.
static void ranges_belong_to_the_network(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct nn_weights *weights = calibrate(NULL);
    struct nn_model *model = load(MODEL, NN_PRECISION_F32);
    const struct nn_program *program = nn_model_program(model);
    struct nn_ranges *ranges = nn_ranges_read(nn_weights_metadata(weights, NN_RANGES_KEY), &err);
    assert_non_null(ranges);
    assert_true(nn_ranges_check(ranges, program, &err));
    assert_true(nn_ranges_add(ranges, "blocks.99", 1, &err));
    assert_false(nn_ranges_check(ranges, program, &err));
    assert_string_equal(err.message, "mocap.ranges: blocks.99: the network has no such step");
    nn_ranges_destroy(ranges);
    ranges = nn_ranges_create(&err);
    for (int i = 0; i < program->step_count; i++) {
        if (nn_ranges_needs(&program->steps[i])) {
            assert_true(nn_ranges_add(ranges, program->steps[i].name, 0, &err));
        }
    }
    char *zeros = nn_ranges_write(ranges, &err);
    assert_non_null(zeros);
    set(weights, NN_RANGES_KEY, zeros);
    struct nn_model *wide = nn_model_create(weights, flags, NN_PRECISION_INT8, &err);
    assert_non_null(wide);
    assert_true(distance(model, wide, NULL, 1) == 0);
    free(zeros);
    nn_ranges_destroy(ranges);
    nn_model_destroy(wide);
    nn_model_destroy(model);
    nn_weights_destroy(weights);
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
        cmocka_unit_test(one_file_serves_every_precision),
        cmocka_unit_test(auto_takes_what_deviates_little),
        cmocka_unit_test(int8_requires_ranges),
        cmocka_unit_test(malformed_metadata_is_refused),
        cmocka_unit_test(ranges_belong_to_the_network),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(target);
    return failed;
}
