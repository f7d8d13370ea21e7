// Whole models: a preview model against PyTorch's keypoints of four faces, and the model that
// ships.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/graph/weights.h"
#include "nn/model.h"
#include "tests/larger.h"
#include "tests/nn/golden.h"

#define SHARED MOCAPD_SOURCE_DIR "/../shared/models/"

enum { FACES = 4, PLANAR = 3 * 128 * 128 };

static void keypoints_equal_pytorch(void **state)
{
    (void)state;
    struct nn_weights *check = golden_open(SHARED "face68-preview.check.safetensors");
    if (check == NULL) {
        skip();
    }
    unsigned flags = 0;
    struct mc_error err = { 0 };
    assert_true(mc_cpu_flags(&flags, NULL));
    struct nn_model *model =
        nn_model_load_as(SHARED "face68-preview.safetensors", flags, NN_PRECISION_F32, &err);
    if (model == NULL) {
        fail_msg("%s", err.message);
    }
    const struct nn_model_info *info = nn_model_info(model);
    assert_int_equal(info->keypoint_count, 68);
    struct nn_runner *runner = nn_runner_create(model, &err);
    assert_non_null(runner);
    const float *faces = golden_get(check, "input_rgb01")->data;
    const float *want = golden_get(check, "keypoints_px")->data;
    double worst = 0;
    for (int face = 0; face < FACES; face++) {
        static float planar[PLANAR];
        for (int i = 0; i < PLANAR; i++) {
            planar[i] = faces[face * PLANAR + i] - info->input_mean;
        }
        struct nn_tensor input = nn_runner_input(runner);
        golden_fill(&input, planar);
        struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
        float score = nn_runner_run(runner, keypoints);
        printf("face %d: score %.3f\n", face, (double)score);
        assert_true(score > 0 && score <= 1);
        for (int i = 0; i < 68; i++) {
            worst = test_larger(worst, fabs((double)(keypoints[i].x - want[(face * 68 + i) * 2])));
            worst =
                test_larger(worst, fabs((double)(keypoints[i].y - want[(face * 68 + i) * 2 + 1])));
        }
    }
    printf("keypoints: largest difference %.2e pixels\n", worst);
    assert_true(worst < 1e-3);
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    nn_weights_destroy(check);
}

// The model that ships loads, is stored in about half the bytes of float32, and is what its
// model card says.
static void shipped_model_loads(void **state)
{
    (void)state;
    const char *path = MOCAPD_SOURCE_DIR "/models/" NN_MODEL_DEFAULT_FILE;
    unsigned flags = 0;
    struct mc_error err = { 0 };
    assert_true(mc_cpu_flags(&flags, NULL));
    struct nn_model *model = nn_model_load(path, flags, &err);
    if (model == NULL) {
        fail_msg("%s", err.message);
    }
    const struct nn_model_info *info = nn_model_info(model);
    assert_string_equal(info->arch, "lednet");
    assert_string_equal(info->keypoint_set, "ibug68");
    assert_int_equal(info->keypoint_count, 68);
    assert_int_equal(info->input_width, 128);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_true((size_t)file.st_size < info->parameter_count * 3);
    nn_model_destroy(model);
}

// Each was calibrated after its training: int8 can run, and deviates little.
static void shipped_models_serve_every_precision(void **state)
{
    (void)state;
    static const char *const files[] = { NN_MODEL_DEFAULT_FILE, NN_LOCATOR_DEFAULT_FILE,
                                         NN_EXPRESSION_DEFAULT_FILE };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        struct mc_error err = { 0 };
        snprintf(path, sizeof path, "%s/models/%s", MOCAPD_SOURCE_DIR, files[i]);
        struct nn_model *model = nn_model_load_as(path, 0, NN_PRECISION_INT8, &err);
        if (model == NULL) {
            fail_msg("%s", err.message);
        }
        const struct nn_model_info *info = nn_model_info(model);
        const float limit = nn_model_deviation_limit(info->head);
        assert_int_equal(info->precision, NN_PRECISION_INT8);
        for (int p = NN_PRECISION_BF16; p <= NN_PRECISION_INT8; p++) {
            printf("%s: %s deviates by %.3f %%\n", files[i],
                   nn_precision_name((enum nn_precision)p), (double)info->deviation[p]);
            assert_true(info->deviation[p] > 0 && info->deviation[p] < limit);
        }
        nn_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keypoints_equal_pytorch),
        cmocka_unit_test(shipped_model_loads),
        cmocka_unit_test(shipped_models_serve_every_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
