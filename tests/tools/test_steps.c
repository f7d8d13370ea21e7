#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/compiler/program.h"
#include "nn/model.h"
#include "tools/lab/steps.h"

static const struct nn_step *find(const struct nn_program *program, const char *name)
{
    for (int i = 0; i < program->step_count; i++) {
        if (strcmp(program->steps[i].name, name) == 0) {
            return &program->steps[i];
        }
    }
    fail_msg("no step %s", name);
    return NULL;
}

static struct nn_model *lednet(void)
{
    struct mc_error err = { 0 };
    struct nn_model *model = nn_model_create_random("lednet", 32, 0, NN_PRECISION_F32, &err);
    if (model == NULL) {
        fail_msg("%s", err.message);
    }
    return model;
}

static void work_and_shapes_are_those_of_the_paper(void **state)
{
    (void)state;
    static const struct {
        const char *name, *work, *shapes;
    } wanted[] = {
        { "blocks.0.conv", "conv 3x3 s2 +relu", "32x32x3 > 16x16x29" },
        { "blocks.1.la.v", "conv 3x1 +relu", "16x16x16 > 16x16x16" },
        { "blocks.9.lb.h", "conv 1x3 d2 +res +relu", "4x4x64 > 4x4x64" },
        { "blocks.15.rb.v", "conv 3x1 d17 +res +relu +shuffle", "4x4x64 > 4x4x128" },
        { "blocks.16.d1.conv", "conv 7x7 s2 to 1 +relu", "4x4x128 > 2x2x1" },
        { "head.kp", "conv 1x1", "4x4x64 > 4x4x68" },
    };
    struct nn_model *model = lednet();
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const struct nn_step *step = find(nn_model_program(model), wanted[i].name);
        char text[LAB_STEP_TEXT];
        lab_step_work(step, text);
        assert_string_equal(text, wanted[i].work);
        lab_step_shapes(step, text);
        assert_string_equal(text, wanted[i].shapes);
    }
    nn_model_destroy(model);
}

// Plain C packs nothing, so the weights are as many as in the file.
static void bytes_count_maps_and_weights(void **state)
{
    (void)state;
    struct nn_model *model = lednet();
    const struct nn_program *program = nn_model_program(model);
    const uint64_t map = 4 * 4 * 64, weights = 3 * 64 * 64;
    assert_int_equal(lab_step_bytes(program, find(program, "blocks.9.lb.v")),
                     4 * (2 * map + weights));
    assert_int_equal(lab_step_bytes(program, find(program, "blocks.9.lb.h")),
                     4 * (3 * map + weights));
    nn_model_destroy(model);
}

static void every_step_takes_its_time(void **state)
{
    (void)state;
    struct nn_model *model = lednet();
    const struct nn_program *program = nn_model_program(model);
    double *us = calloc((size_t)program->step_count, sizeof *us);
    struct mc_error err = { 0 };
    assert_non_null(us);
    assert_true(lab_steps_measure(program, 2, 2, us, &err));
    for (int i = 0; i < program->step_count; i++) {
        assert_true(us[i] >= 0);
    }
    free(us);
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_and_shapes_are_those_of_the_paper),
        cmocka_unit_test(bytes_count_maps_and_weights),
        cmocka_unit_test(every_step_takes_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
