#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void whole_numbers_have_bounds(void **state)
{
    (void)state;
    int64_t value = 7;
    assert_true(mc_value_integer("n", "-3", -3, 5, &value, NULL));
    assert_int_equal(value, -3);
    assert_true(mc_value_integer("n", "005", -3, 5, &value, NULL));
    assert_int_equal(value, 5);
    assert_true(mc_value_integer("n", "9223372036854775807", 0, INT64_MAX, &value, NULL));
    assert_int_equal(value, INT64_MAX);
    static const char *const wrong[] = {
        "",
        " 3",
        "3 ",
        "3x",
        "0x3",
        "3.0",
        "1e0",
        "nan",
        "-",
        "+-3",
        "-4",
        "6",
        "9223372036854775808",
        "99999999999999999999999",
        "-99999999999999999999999",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        value = 7;
        assert_false(mc_value_integer("n", wrong[i], -3, 5, &value, NULL));
        assert_int_equal(value, 7); // untouched
    }
    assert_false(mc_value_integer("n", "9223372036854775808", 0, INT64_MAX, &value, NULL));
}

static void errors_name_bounds_and_value(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    int whole;
    double real;
    assert_false(mc_value_int("--workers", "0", 1, 64, &whole, &err));
    assert_string_equal(err.message, "--workers must be a whole number from 1 to 64, got '0'");
    assert_false(mc_value_real("fov", "nan", 5, 170, &real, &err));
    assert_string_equal(err.message, "fov must be a number from 5 to 170, got 'nan'");
    bool boolean;
    assert_false(mc_value_boolean("repeat", "maybe", &boolean, &err));
    assert_string_equal(err.message, "repeat must be yes or no, got 'maybe'");
}

static void real_numbers_are_finite_and_decimal(void **state)
{
    (void)state;
    double value = 7;
    assert_true(mc_value_real("n", "2.5", 0, 10, &value, NULL));
    assert_true(value == 2.5);
    assert_true(mc_value_real("n", "1e1", 0, 10, &value, NULL));
    assert_true(value == 10);
    assert_true(mc_value_real("n", ".5", 0, 10, &value, NULL));
    static const char *const wrong[] = {
        "",    " 1",  "1 ",   "1x",       "2,5",    "0x1p1", "nan",
        "NaN", "inf", "-inf", "infinity", "nan(1)", "1e999", "-1e999",
        "1e",  "--1", "1-",   "-0.1",     "10.01",  ".",     "e5",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        value = 7;
        assert_false(mc_value_real("n", wrong[i], 0, 10, &value, NULL));
        assert_true(value == 7);
    }
}

static void lists_of_numbers_have_as_many_as_asked_for(void **state)
{
    (void)state;
    double values[4];
    assert_true(mc_value_reals("region", "1,2.5,30,40", 0, 100, values, 4, NULL));
    assert_true(values[0] == 1 && values[1] == 2.5 && values[2] == 30 && values[3] == 40);
    static const char *const wrong[] = {
        "",       "1,2,3",      "1,2,3,",    "1,2,3,4,",  "1,2,3,4,5", ",2,3,4",
        "1,,3,4", "1, 2, 3, 4", "1,2,3,nan", "1,2,3,101", "1 2 3 4",   "1,2,3,4x",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(mc_value_reals("region", wrong[i], 0, 100, values, 4, NULL));
    }
}

static void booleans_are_what_people_write(void **state)
{
    (void)state;
    static const char *const yes[] = { "yes", "true", "on", "1", "YES", "True", "oN" };
    static const char *const no[] = { "no", "false", "off", "0", "NO", "False", "oFF" };
    static const char *const neither[] = { "", "y", "2", "01", "yes ", "enabled" };
    bool value;
    for (size_t i = 0; i < COUNT(yes); i++) {
        value = false;
        assert_true(mc_value_boolean("n", yes[i], &value, NULL));
        assert_true(value);
        assert_true(mc_value_boolean("n", no[i], &value, NULL));
        assert_false(value);
    }
    for (size_t i = 0; i < COUNT(neither); i++) {
        assert_false(mc_value_boolean("n", neither[i], &value, NULL));
    }
}

static void choices_are_listed_when_none_fits(void **state)
{
    (void)state;
    static const char *const words[] = { "error", "warning", "info" };
    struct mc_error err = { 0 };
    int index = -1;
    assert_true(mc_value_choice("level", "Warning", words, 3, &index, NULL));
    assert_int_equal(index, 1);
    assert_false(mc_value_choice("level", "loud", words, 3, &index, &err));
    assert_string_equal(err.message, "level must be error, warning or info, got 'loud'");
}

static void text_is_never_cut(void **state)
{
    (void)state;
    char value[5] = "old";
    struct mc_error err = { 0 };
    assert_true(mc_value_text("user", "four", value, sizeof value, NULL));
    assert_string_equal(value, "four");
    assert_false(mc_value_text("password", "fives", value, sizeof value, &err));
    assert_string_equal(err.message, "password must be 1 to 4 bytes, got 5");
    assert_false(mc_value_text("password", "", value, sizeof value, NULL));
    assert_string_equal(value, "four");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_have_bounds),
        cmocka_unit_test(errors_name_bounds_and_value),
        cmocka_unit_test(real_numbers_are_finite_and_decimal),
        cmocka_unit_test(lists_of_numbers_have_as_many_as_asked_for),
        cmocka_unit_test(booleans_are_what_people_write),
        cmocka_unit_test(choices_are_listed_when_none_fits),
        cmocka_unit_test(text_is_never_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
