// The expression head against what PyTorch gives (tests/golden/make_face.py), and files that are
// not what they should be.
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
#include "nn/graph/weights.h"
#include "nn/model.h"
#include "tests/larger.h"
#include "tests/nn/golden.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/face-expression.safetensors"
#define POINTS_MODEL MOCAPD_SOURCE_DIR "/models/face.safetensors"
#define CROPS_MODEL MOCAPD_SOURCE_DIR "/models/expression.safetensors"
#define GOLDEN MOCAPD_SOURCE_DIR "/tests/golden/face.safetensors"

static double largest_difference(const float *a, const float *b, size_t count)
{
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        worst = test_larger(worst, fabs((double)(a[i] - b[i])));
    }
    return worst;
}

// Other sums than PyTorch's: the bounds are some ten times what was seen.
static void check_expression(struct nn_weights *golden, const char *prefix, int shape_count,
                             const struct nn_expression *found)
{
    static const char *const names[] = { "shapes", "gaze", "turn" };
    static const double bounds[] = { 2e-3, 1e-3, 1e-3 };
    const float *const values[] = { found->shapes, &found->gaze[0][0], &found->turn[0][0] };
    const size_t counts[] = { (size_t)shape_count, 4, 9 };
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s", prefix, names[i]);
        const double off = largest_difference(values[i], golden_get(golden, name)->data, counts[i]);
        printf("%s: largest difference %.6f\n", name, off);
        assert_true(off < bounds[i]);
    }
}

// Runs the model on the golden image.
static struct nn_runner *run_golden(const char *path, unsigned flags,
                                    const struct nn_weights *golden, struct nn_model **model,
                                    struct mc_keypoint *keypoints)
{
    struct mc_error err = { 0 };
    *model = nn_model_load_as(path, flags, NN_PRECISION_F32, &err);
    if (*model == NULL) {
        fail_msg("%s", err.message);
    }
    struct nn_runner *runner = nn_runner_create(*model, &err);
    assert_non_null(runner);
    struct nn_tensor input = nn_runner_input(runner);
    golden_fill(&input, golden_get(golden, "input")->data);
    nn_runner_run(runner, keypoints);
    return runner;
}

static void check_points(const struct nn_runner *runner, const struct nn_model_info *info,
                         const struct mc_keypoint *keypoints, const struct nn_weight *points)
{
    const struct mc_keypoint *dense = nn_runner_dense(runner);
    assert_int_equal(points->dims[0], info->keypoint_count + info->dense_count);
    double worst = 0;
    for (int i = 0; i < points->dims[0]; i++) {
        const struct mc_keypoint *found =
            i < info->keypoint_count ? &keypoints[i] : &dense[i - info->keypoint_count];
        worst = test_larger(worst, hypot((double)(found->x - points->data[2 * i]),
                                         (double)(found->y - points->data[2 * i + 1])));
    }
    printf("points %.5f px\n", worst);
    assert_true(worst < 0.01);
}

static void check_level(unsigned flags)
{
    struct nn_weights *golden = golden_open(GOLDEN);
    struct nn_model *model;
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    struct nn_runner *runner = run_golden(MODEL, flags, golden, &model, keypoints);
    const struct nn_model_info *info = nn_model_info(model);
    check_points(runner, info, keypoints, golden_get(golden, "points"));
    check_expression(golden, "", info->shape_count, nn_runner_expression(runner));
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    nn_weights_destroy(golden);
}

static void check_points_alone(unsigned flags)
{
    struct nn_weights *golden = golden_open(GOLDEN);
    struct nn_model *model;
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    struct nn_runner *runner = run_golden(POINTS_MODEL, flags, golden, &model, keypoints);
    assert_int_equal(nn_model_info(model)->shape_count, 0);
    check_points(runner, nn_model_info(model), keypoints, golden_get(golden, "alone.points"));
    assert_null(nn_runner_expression(runner));
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    nn_weights_destroy(golden);
}

static void points_without_an_expression_equal_pytorch_at_every_level(void **state)
{
    (void)state;
    golden_each_level(check_points_alone);
}

static void face_equals_pytorch_at_every_level(void **state)
{
    (void)state;
    golden_each_level(check_level);
}

// The crops, too, are cut as the network was trained.
static void check_crops(unsigned flags)
{
    struct mc_error err = { 0 };
    struct nn_weights *golden = golden_open(GOLDEN);
    struct nn_model *model = nn_model_load_as(CROPS_MODEL, flags, NN_PRECISION_F32, &err);
    if (model == NULL) {
        fail_msg("%s", err.message);
    }
    struct nn_runner *runner = nn_runner_create(model, &err);
    assert_non_null(runner);
    struct nn_tensor input = nn_runner_input(runner);
    golden_fill(&input, golden_get(golden, "crops.input")->data);
    struct mc_keypoint landmarks[NN_EXPRESSION_LANDMARKS], points[NN_EXPRESSION_LANDMARKS];
    for (int i = 0; i < NN_EXPRESSION_LANDMARKS; i++) {
        const float *mark = golden_get(golden, "crops.landmarks")->data + (size_t)(2 * i);
        const float *point = golden_get(golden, "points")->data + (size_t)(2 * i);
        landmarks[i] = (struct mc_keypoint){ mark[0], mark[1], 1 };
        points[i] = (struct mc_keypoint){ point[0], point[1], 1 };
    }
    check_expression(golden, "crops.", nn_model_info(model)->shape_count,
                     nn_runner_express(runner, landmarks));
    for (int i = 0; i < NN_EXPRESSION_CROPS; i++) {
        const float *square = golden_get(golden, "crops.squares")->data + (size_t)(4 * i);
        const struct nn_expression_crop crop = nn_model_crop(model, i, points);
        assert_true(fabsf(crop.x - square[0]) < 1e-2f && fabsf(crop.y - square[1]) < 1e-2f);
        assert_true(fabsf(crop.edge - square[2]) < 1e-2f && fabsf(crop.angle - square[3]) < 1e-4f);
    }
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    nn_weights_destroy(golden);
}

static void crops_equal_pytorch_at_every_level(void **state)
{
    (void)state;
    golden_each_level(check_crops);
}

static void info_names_points_and_shapes(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct nn_model *model = nn_model_load_as(MODEL, 0, NN_PRECISION_F32, &err);
    assert_non_null(model);
    const struct nn_model_info *info = nn_model_info(model);
    assert_int_equal(info->head, NN_HEAD_FACE);
    assert_string_equal(info->keypoint_set, "ibug68");
    assert_string_equal(info->dense_set, "ict212");
    assert_int_equal(info->shape_count, 44);
    assert_string_equal(info->shapes[0], "browDownLeft");
    assert_string_equal(info->shapes[43], "tongueOut");
    nn_model_destroy(model);
}

static void the_turn_is_a_rotation(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct nn_model *model = nn_model_load_as(MODEL, 0, NN_PRECISION_F32, &err);
    struct nn_runner *runner = model == NULL ? NULL : nn_runner_create(model, &err);
    assert_non_null(runner);
    struct nn_tensor input = nn_runner_input(runner);
    for (int i = 0; i < input.height; i++) {
        memset(nn_tensor_at(&input, i, 0), 0, sizeof(float) * input.row_stride);
    }
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    nn_runner_run(runner, keypoints);
    const float(*turn)[3] = nn_runner_expression(runner)->turn;
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            float product = 0;
            for (int j = 0; j < 3; j++) {
                product += turn[i][j] * turn[k][j];
            }
            assert_true(fabsf(product - (i == k)) < 1e-4f);
        }
    }
    nn_runner_destroy(runner);
    nn_model_destroy(model);
}

// The file with one byte string in its header replaced by another of the same length.
static bool loads_with(const char *from, const char *to, struct mc_error *err)
{
    assert_int_equal(strlen(from), strlen(to));
    FILE *file = fopen(MODEL, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    char *place = memmem(bytes, size, from, strlen(from));
    assert_non_null(place);
    memcpy(place, to, strlen(to));
    struct nn_weights *weights = nn_weights_parse((const uint8_t *)bytes, size, err);
    free(bytes);
    struct nn_model *model =
        weights == NULL ? NULL : nn_model_create(weights, 0, NN_PRECISION_F32, err);
    const bool loaded = model != NULL;
    nn_weights_destroy(weights);
    nn_model_destroy(model);
    return loaded;
}

static void damaged_files_are_refused_with_the_key(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *named;
    } cases[] = {
        { "\"[[[36, 37", "\"[[[96, 37", "mocap.expression_places" },
        { "\"[[[36, 37", "\"[[{36, 37", "mocap.expression_places" },
        { "[[-0.3, ", "[[9e99, ", "mocap.expression_places" },
        { "browDownLeft,", "browDownLeft;", "mocap.shapes" },
        { "browDownLeft,", "brow4ownLeft,", "mocap.shapes" },
        { "browDownLeft,browDownRight", "browDownLeftbrowDownRightx", "mocap.shapes" },
        { "\"mocap.dense\":\"212\"", "\"mocap.dense\":\"211\"", "head." },
        { "\"mocap.dense\":\"212\"", "\"mocap.dense\":\"912\"", "mocap.dense" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mc_error err = { 0 };
        assert_false(loads_with(cases[i].from, cases[i].to, &err));
        printf("%s\n", err.message);
        assert_non_null(strstr(err.message, cases[i].named));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(face_equals_pytorch_at_every_level),
        cmocka_unit_test(points_without_an_expression_equal_pytorch_at_every_level),
        cmocka_unit_test(crops_equal_pytorch_at_every_level),
        cmocka_unit_test(info_names_points_and_shapes),
        cmocka_unit_test(the_turn_is_a_rotation),
        cmocka_unit_test(damaged_files_are_refused_with_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
