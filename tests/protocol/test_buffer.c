#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/buffer.h"

static struct protocol_buffer buffer;

// What the buffer holds, as a string; empties it.
static const char *taken(void)
{
    static char text[1024];
    assert_false(buffer.failed);
    assert_true(buffer.length < sizeof text);
    memcpy(text, buffer.data, buffer.length);
    text[buffer.length] = '\0';
    protocol_buffer_clear(&buffer);
    return text;
}

static int setup(void **state)
{
    (void)state;
    protocol_buffer_init(&buffer, 4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    protocol_buffer_finish(&buffer);
    return 0;
}

static const char *fixed(double value, int decimals)
{
    protocol_buffer_fixed(&buffer, value, decimals);
    return taken();
}

static void integers_of_any_size_are_written(void **state)
{
    (void)state;
    const int64_t values[] = { 0, 1, -1, 10, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char want[32];
        snprintf(want, sizeof want, "%lld", (long long)values[i]);
        protocol_buffer_int(&buffer, values[i]);
        assert_string_equal(taken(), want);
    }
    protocol_buffer_uint(&buffer, UINT64_MAX);
    assert_string_equal(taken(), "18446744073709551615");
}

static void fixed_numbers_are_rounded_to_their_decimals(void **state)
{
    (void)state;
    assert_string_equal(fixed(0, 2), "0.00");
    assert_string_equal(fixed(1.005, 3), "1.005");
    assert_string_equal(fixed(-0.051, 2), "-0.05");
    assert_string_equal(fixed(-0.001, 2), "0.00"); // no negative zero
    assert_string_equal(fixed(9.999, 2), "10.00");
    assert_string_equal(fixed(319.25, 2), "319.25");
    assert_string_equal(fixed(2.6, 0), "3");
    assert_string_equal(fixed(86400.04, 6), "86400.040000");
}

static void what_json_does_not_have_never_reaches_the_wire(void **state)
{
    (void)state;
    assert_string_equal(fixed((double)NAN, 2), "0.00");
    assert_string_equal(fixed((double)INFINITY, 1), "1000000000000.0");
    assert_string_equal(fixed(-(double)INFINITY, 6), "-1000000000000.000000");
    assert_string_equal(fixed(1e300, 0), "1000000000000");
}

static void strings_are_escaped(void **state)
{
    (void)state;
    protocol_buffer_string(&buffer, "a\"b\\c\nd\te\x01\x7f");
    assert_string_equal(taken(), "\"a\\\"b\\\\c\\nd\\u0009e\\u0001\\u007f\"");
    protocol_buffer_string(&buffer, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_string_equal(taken(), "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

// Each of these is no UTF-8: a lone continuation, an overlong slash, a cut
// character, a surrogate, and one past the last.
static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    const char *const inputs[] = { "\x80",         "\xc0\xaf",         "\xe2\x82",
                                   "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff" };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        char want[64] = "\"";
        for (size_t k = 0; k < strlen(inputs[i]); k++) {
            strcat(want, "\xef\xbf\xbd");
        }
        strcat(want, "\"");
        protocol_buffer_string(&buffer, inputs[i]);
        assert_string_equal(taken(), want);
    }
}

static void a_write_over_the_limit_fails_and_adds_nothing(void **state)
{
    (void)state;
    struct protocol_buffer small;
    struct mc_error err = { 0 };
    protocol_buffer_init(&small, 10);
    protocol_buffer_text(&small, "12345678");
    protocol_buffer_text(&small, "abc");
    assert_true(small.failed);
    assert_false(small.no_memory);
    assert_false(protocol_buffer_check(&small, "a request", &err));
    assert_int_equal(err.code, MC_ERROR_ARGUMENT);
    assert_string_equal(err.message, "a request must be at most 10 bytes long");
    protocol_buffer_text(&small, "x"); // would fit, but the message is lost already
    assert_int_equal(small.length, 8);
    protocol_buffer_clear(&small);
    protocol_buffer_text(&small, "1234567890");
    assert_false(small.failed);
    assert_int_equal(small.length, 10);
    assert_true(small.capacity <= 10);
    protocol_buffer_finish(&small);
}

static void a_cleared_buffer_keeps_its_memory(void **state)
{
    (void)state;
    protocol_buffer_text(&buffer, "first");
    const char *data = buffer.data;
    protocol_buffer_clear(&buffer);
    protocol_buffer_text(&buffer, "second");
    assert_ptr_equal(buffer.data, data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(integers_of_any_size_are_written),
        TEST(fixed_numbers_are_rounded_to_their_decimals),
        TEST(what_json_does_not_have_never_reaches_the_wire),
        TEST(strings_are_escaped),
        TEST(bytes_that_are_not_utf8_are_replaced),
        TEST(a_write_over_the_limit_fails_and_adds_nothing),
        TEST(a_cleared_buffer_keeps_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
