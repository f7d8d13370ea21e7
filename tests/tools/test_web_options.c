#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/web/options.h"

static enum tools_arguments_result parse(struct web_options *options, struct mc_error *err,
                                         const char *option, const char *value)
{
    static char copies[3][64];
    char *argv[4] = { strcpy(copies[0], "mocap-web") };
    int argc = 1;
    if (option != NULL) {
        argv[argc++] = strcpy(copies[1], option);
    }
    if (value != NULL) {
        argv[argc++] = strcpy(copies[2], value);
    }
    optind = 0; // getopt begins anew
    *err = (struct mc_error){ 0 };
    return web_options_parse(options, argc, argv, err);
}

static void it_listens_here_alone_unless_told(void **state)
{
    (void)state;
    struct web_options options;
    struct mc_error err;
    assert_int_equal(parse(&options, &err, NULL, NULL), TOOLS_ARGUMENTS_RUN);
    assert_string_equal(options.address, "127.0.0.1");
    assert_int_equal(options.port, 8040);
    assert_int_equal(parse(&options, &err, "--listen", "9000"), TOOLS_ARGUMENTS_RUN);
    assert_string_equal(options.address, "127.0.0.1");
    assert_int_equal(options.port, 9000);
    assert_int_equal(parse(&options, &err, "--listen", "0.0.0.0:80"), TOOLS_ARGUMENTS_RUN);
    assert_string_equal(options.address, "0.0.0.0");
    assert_int_equal(parse(&options, &err, "--host", "desk"), TOOLS_ARGUMENTS_RUN);
    assert_string_equal(options.hosts.names[0], "desk");
}

static void nonsense_is_told(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        { "--listen", "x" },       { "--listen", "70000" },   { "--listen", "1.2.3:80" },
        { "--listen", "-1" },      { "--listen", "host:80" }, { "--listen", ":80" },
        { "--log-level", "loud" }, { "--colour", "red" },     { "page", NULL },
        { "--listen", NULL },
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct web_options options;
        struct mc_error err;
        assert_int_equal(parse(&options, &err, lines[i][0], lines[i][1]), TOOLS_ARGUMENTS_USAGE);
        assert_true(err.message[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_listens_here_alone_unless_told),
        cmocka_unit_test(nonsense_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
