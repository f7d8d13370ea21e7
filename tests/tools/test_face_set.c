#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/lab/face_set.h"

static char folder[] = "/tmp/face_set.XXXXXX";
static char labels[sizeof folder + 16];

static int set_up(void **state)
{
    (void)state;
    snprintf(labels, sizeof labels, "%s/labels.json", mkdtemp(folder));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(labels);
    rmdir(folder);
    return 0;
}

static void write_labels(const char *text)
{
    FILE *file = fopen(labels, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void only_validation_counts_and_evenly(void **state)
{
    (void)state;
    write_labels("[{\"file\":\"a\",\"split\":\"train\",\"points\":[[1,2]]},"
                 "{\"file\":\"b\",\"split\":\"val\",\"points\":[[3,4.5],[5,6]]},"
                 "{\"file\":\"c\",\"points\":[[7,8]]},"
                 "{\"file\":\"d\",\"split\":\"val\",\"points\":[[9,10]]}]");
    struct lab_face_set set;
    assert_true(lab_face_set_load(&set, folder, 10, NULL));
    assert_int_equal(set.count, 3);
    assert_string_equal(strrchr(set.faces[0].file, '/'), "/b");
    assert_int_equal(set.faces[0].point_count, 2);
    assert_float_equal(set.faces[0].points[0][1], 4.5f, 0);
    assert_string_equal(strrchr(set.faces[2].file, '/'), "/d");
    lab_face_set_finish(&set);
    assert_true(lab_face_set_load(&set, folder, 2, NULL));
    assert_int_equal(set.count, 2);
    lab_face_set_finish(&set);
}

static void bad_labels_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[{]",
        "[]",
        "{}",
        "[{\"points\":[[1,2]]}]",
        "[{\"file\":\"a\",\"points\":[]}]",
        "[{\"file\":\"a\",\"points\":[[1,\"2\"]]}]",
        "[{\"file\":\"a\",\"points\":[[1]]}]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_labels(bad[i]);
        struct lab_face_set set;
        struct mc_error err = { 0 };
        assert_false(lab_face_set_load(&set, folder, 10, &err));
        assert_non_null(strstr(err.message, "labels.json: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_validation_counts_and_evenly),
        cmocka_unit_test(bad_labels_are_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
