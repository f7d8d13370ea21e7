#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mocapctl/watch_options.h"

static char stream[32]; // what options.stream was: it borrows argv

enum { ARGUMENTS_MAX = 8 };

// argv ends in NULL.
static bool parse(struct mocapctl_watch_options *options, struct mc_error *err,
                  const char *const *argv)
{
    char copies[ARGUMENTS_MAX][32], *arguments[ARGUMENTS_MAX + 1] = { 0 };
    int argc = 0;
    for (; argv[argc] != NULL; argc++) {
        assert_true(argc < ARGUMENTS_MAX);
        arguments[argc] = strcpy(copies[argc], argv[argc]);
    }
    optind = 0; // getopt begins anew
    *options = (struct mocapctl_watch_options){ 0 };
    *err = (struct mc_error){ 0 };
    bool good = mocapctl_watch_options_parse(options, argc, arguments, err);
    snprintf(stream, sizeof stream, "%s", good && options->stream != NULL ? options->stream : "");
    return good;
}

static void all_options_are_understood(void **state)
{
    (void)state;
    struct mocapctl_watch_options options;
    struct mc_error err;
    const char *const plain[] = { "watch", NULL };
    assert_true(parse(&options, &err, plain));
    assert_null(options.stream);
    assert_int_equal(options.count, 0);
    assert_int_equal(options.format, MOCAPCTL_TABLE);
    const char *const full[] = { "watch", "cam", "--count", "7", "--format=json", NULL };
    assert_true(parse(&options, &err, full));
    assert_string_equal(stream, "cam");
    assert_int_equal(options.count, 7);
    assert_int_equal(options.format, MOCAPCTL_JSON);
}

static void nonsense_is_told(void **state)
{
    (void)state;
    static const char *const lines[][4] = {
        { "watch", "--count", "0", NULL },    { "watch", "--count", "x", NULL },
        { "watch", "--format", "xml", NULL }, { "watch", "--colour", NULL, NULL },
        { "watch", "a", "b", NULL },          { "watch", "--count", NULL, NULL },
    };
    static const char *const said[] = { "--count", "--count", "xml", "--colour", "b", "--count" };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct mocapctl_watch_options options;
        struct mc_error err;
        assert_false(parse(&options, &err, lines[i]));
        if (strstr(err.message, said[i]) == NULL) {
            fail_msg("'%s' does not name %s", err.message, said[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_options_are_understood),
        cmocka_unit_test(nonsense_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
