#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void every_character_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x110000; character++) {
        char bytes[MC_UTF8_BYTES_MAX];
        uint32_t read = 0;
        int length = mc_utf8_encode(character, bytes);
        if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) {
            assert_int_equal(length, 0);
            continue;
        }
        assert_in_range(length, 1, 4);
        assert_int_equal(mc_utf8_decode(bytes, (size_t)length, &read), length);
        assert_int_equal(read, character);
        if (length > 1) {
            assert_int_equal(mc_utf8_decode(bytes, (size_t)length - 1, &read), 0);
        }
    }
}

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "\x80",             // a continuation alone
        "\xc3(",            // no continuation
        "\xc0\xaf",         // overlong
        "\xe0\x80\xaf",     // overlong
        "\xf0\x80\x80\xaf", // overlong
        "\xed\xa0\x80",     // a surrogate
        "\xf4\x90\x80\x80", // above U+10FFFF
        "\xff",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        uint32_t character;
        assert_int_equal(mc_utf8_decode(malformed[i], strlen(malformed[i]), &character), 0);
    }
}

static void invisible_characters_have_names(void **state)
{
    (void)state;
    assert_string_equal(mc_utf8_invisible_name(0xa0), "no-break space");
    assert_string_equal(mc_utf8_invisible_name(0xfeff), "byte order mark");
    assert_string_equal(mc_utf8_invisible_name(0x200b), "zero-width space");
    assert_string_equal(mc_utf8_invisible_name(0x1b), "control character");
    static const uint32_t visible[] = { ' ', '!', '~', 0xe9, 0x3bb, 0x2014, 0x4e2d, 0x1f600 };
    for (size_t i = 0; i < sizeof visible / sizeof visible[0]; i++) {
        assert_null(mc_utf8_invisible_name(visible[i]));
    }
}

static void control_characters_are_those_that_terminals_obey(void **state)
{
    (void)state;
    assert_int_equal(mc_utf8_control_bytes(""), 0);
    for (uint32_t character = 1; character <= 0x10ffff; character++) {
        char text[MC_UTF8_BYTES_MAX + 1];
        const int length = mc_utf8_encode(character, text);
        text[length] = '\0';
        const bool is_control = character < 0x20 || (character >= 0x7f && character < 0xa0);
        assert_int_equal(mc_utf8_control_bytes(text), is_control ? length : 0);
    }
    assert_int_equal(mc_utf8_control_bytes("\xc2"), 0); // cut short
    assert_int_equal(mc_utf8_control_bytes("\x9b"
                                           "2J"),
                     0); // not UTF-8
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_read_as_it_was_written),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(invisible_characters_have_names),
        cmocka_unit_test(control_characters_are_those_that_terminals_obey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
