#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void wrap_puts_the_context_before_the_cause(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_false(mc_error_set(&err, MC_ERROR_FORMAT, 0, "must have %d outputs, got %d", 64, 128));
    assert_false(mc_error_wrap(&err, "pose.weights: %s", "enc.3"));
    assert_string_equal(err.message, "pose.weights: enc.3: must have 64 outputs, got 128");
    assert_int_equal(err.code, MC_ERROR_FORMAT);
}

static void errno_becomes_a_sentence(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    errno = ENOENT;
    assert_false(mc_error_set_errno(&err, "open %s", "/nowhere"));
    assert_string_equal(err.message, "open /nowhere: No such file or directory");
    assert_int_equal(err.code, MC_ERROR_SYSTEM);
    assert_int_equal(err.detail, ENOENT);
}

static void long_messages_are_cut_and_terminated(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    char text[600];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mc_error_set(&err, MC_ERROR_ARGUMENT, 0, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    mc_error_wrap(&err, "context");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_memory_equal(err.message, "context: xxx", 12);
}

static void null_is_allowed(void **state)
{
    (void)state;
    assert_false(mc_error_set(NULL, MC_ERROR_MEMORY, 0, "no memory"));
    assert_false(mc_error_wrap(NULL, "context"));
    assert_false(mc_error_set_errno(NULL, "context"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrap_puts_the_context_before_the_cause),
        cmocka_unit_test(errno_becomes_a_sentence),
        cmocka_unit_test(long_messages_are_cut_and_terminated),
        cmocka_unit_test(null_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
