#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mocapctl/bench_options.h"

enum { ARGUMENTS_MAX = 12 };

// Parses "bench" and the words of line, which are cut where they stand.
static bool parse(struct mocapctl_bench_options *options, char *line, struct mc_error *err)
{
    char name[] = "bench";
    char *argv[ARGUMENTS_MAX + 2] = { name };
    int argc = 1;
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc <= ARGUMENTS_MAX);
        argv[argc++] = word;
    }
    optind = 0; // getopt begins anew
    *err = (struct mc_error){ 0 };
    return mocapctl_bench_options_parse(options, argc, argv, err);
}

static void defaults_measure_lednet_in_float32(void **state)
{
    (void)state;
    struct mocapctl_bench_options options;
    struct mc_error err;
    char line[] = "net";
    assert_true(parse(&options, line, &err));
    assert_int_equal(options.subject, MOCAPCTL_BENCH_NET);
    assert_string_equal(options.arch, "lednet");
    assert_null(options.model);
    assert_int_equal(options.size, 128);
    assert_int_equal(options.threads, 1);
    assert_int_equal(options.precision, NN_PRECISION_F32);
    assert_int_equal(options.runs, 0);
    assert_true(options.seconds > 0);
    assert_false(options.profile);
    assert_false(options.json);
}

static void motion_wants_two_clips(void **state)
{
    (void)state;
    struct mocapctl_bench_options options;
    struct mc_error err;
    char line[] = "motion still.mp4 --model m fast.mp4", one[] = "motion still.mp4";
    assert_true(parse(&options, line, &err));
    assert_int_equal(options.subject, MOCAPCTL_BENCH_MOTION);
    assert_string_equal(options.clips[0], "still.mp4");
    assert_string_equal(options.clips[1], "fast.mp4");
    assert_string_equal(options.model, "m");
    assert_false(parse(&options, one, &err));
    assert_non_null(strstr(err.message, "two clips"));
}

static void options_are_taken_before_and_behind_the_subject(void **state)
{
    (void)state;
    struct mocapctl_bench_options options;
    struct mc_error err;
    char line[] = "--size=64 kernels --runs 7 --precision int8 --threads 2 --json";
    assert_true(parse(&options, line, &err));
    assert_int_equal(options.subject, MOCAPCTL_BENCH_KERNELS);
    assert_int_equal(options.size, 64);
    assert_int_equal(options.runs, 7);
    assert_int_equal(options.precision, NN_PRECISION_INT8);
    assert_int_equal(options.threads, 2);
    assert_true(options.json);
    char blocks[] = "blocks --size 64";
    assert_true(parse(&options, blocks, &err));
    assert_int_equal(options.subject, MOCAPCTL_BENCH_BLOCKS);
    assert_int_equal(options.size, 64);
    char other[] = "net --model x.safetensors --seconds 3 --profile";
    assert_true(parse(&options, other, &err));
    assert_string_equal(options.model, "x.safetensors");
    assert_int_equal(options.seconds, 3);
    assert_true(options.profile);
}

// Each is refused with an error that names what is wrong.
static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *named;
    } cases[] = {
        { "", "net" },
        { "nets", "'nets'" },
        { "net kernels", "net" },
        { "net --size", "--size" },
        { "net --size 0", "--size" },
        { "net --size 12x", "'12x'" },
        { "net --size 99999999999999999999", "--size" },
        { "net --size 100000", "--size" },
        { "net --threads 0", "--threads" },
        { "net --threads 1000", "--threads" },
        { "net --precision f64", "'f64'" },
        { "net --runs -1", "--runs" },
        { "net --seconds 1e9", "--seconds" },
        { "net --model a --size 64", "--model" },
        { "net --model a --arch lednet", "--model" },
        { "net --sice 64", "--sice" },
        { "net --json=1", "--json" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mocapctl_bench_options options;
        struct mc_error err;
        char line[64];
        assert_true(strlen(cases[i].line) < sizeof line);
        strcpy(line, cases[i].line);
        if (parse(&options, line, &err)) {
            fail_msg("bench %s: was taken", cases[i].line);
        }
        if (strstr(err.message, cases[i].named) == NULL) {
            fail_msg("bench %s: '%s' does not name %s", cases[i].line, err.message, cases[i].named);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_measure_lednet_in_float32),
        cmocka_unit_test(motion_wants_two_clips),
        cmocka_unit_test(options_are_taken_before_and_behind_the_subject),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
