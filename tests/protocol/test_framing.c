#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/framing.h"

enum { LIMIT = 16 };

static struct protocol_framing framing;

static int setup(void **state)
{
    (void)state;
    return protocol_framing_init(&framing, LIMIT, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    protocol_framing_finish(&framing);
    return 0;
}

// Gives bytes in pieces of at most piece, and writes what comes out to told:
// "line|" for a line, "!" for too long.
static void feed(const char *bytes, size_t piece, char *told)
{
    size_t length = strlen(bytes);
    while (length > 0) {
        size_t size;
        char *room = protocol_framing_room(&framing, &size);
        assert_true(size > 0);
        size_t count = size < piece ? size : piece;
        count = count < length ? count : length;
        memcpy(room, bytes, count);
        protocol_framing_add(&framing, count);
        bytes += count;
        length -= count;
        for (;;) {
            char *line;
            size_t line_length;
            enum protocol_framing_result result =
                protocol_framing_next(&framing, &line, &line_length);
            if (result == PROTOCOL_FRAMING_MORE) {
                break;
            }
            if (result == PROTOCOL_FRAMING_MESSAGE) {
                assert_int_equal(strlen(line), line_length);
                strcat(strcat(told, line), "|");
            } else {
                strcat(told, "!");
            }
        }
    }
}

// However the bytes arrive, the lines are the same.
static void lines_do_not_depend_on_how_bytes_arrive(void **state)
{
    for (size_t piece = 1; piece <= LIMIT; piece++) {
        char told[256] = "";
        feed("one\n\ntwo\r\nfifteen bytes..\nlast", piece, told);
        assert_string_equal(told, "one||two|fifteen bytes..|");
        assert_true(protocol_framing_partial(&framing));
        teardown(state);
        setup(state);
    }
}

static void a_line_over_the_limit_is_told_once_and_skipped(void **state)
{
    for (size_t piece = 1; piece <= LIMIT; piece++) {
        char told[256] = "";
        feed("ok\nthis line is far too long to be taken, by a lot\nnext\n", piece, told);
        assert_string_equal(told, "ok|!next|");
        assert_false(protocol_framing_partial(&framing));
        teardown(state);
        setup(state);
    }
}

static void the_limit_counts_the_newline(void **state)
{
    (void)state;
    char told[64] = "";
    feed("123456789012345\n", LIMIT, told);
    assert_string_equal(told, "123456789012345|");
    told[0] = '\0';
    feed("1234567890123456\nnext\n", LIMIT, told);
    assert_string_equal(told, "!next|");
}

static void a_nul_inside_a_line_is_counted_in_its_length(void **state)
{
    (void)state;
    size_t size, length;
    char *line;
    memcpy(protocol_framing_room(&framing, &size), "a\0b\n", 4);
    protocol_framing_add(&framing, 4);
    assert_int_equal(protocol_framing_next(&framing, &line, &length), PROTOCOL_FRAMING_MESSAGE);
    assert_int_equal(length, 3);
    assert_memory_equal(line, "a\0b", 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_do_not_depend_on_how_bytes_arrive),
        TEST(a_line_over_the_limit_is_told_once_and_skipped),
        TEST(the_limit_counts_the_newline),
        TEST(a_nul_inside_a_line_is_counted_in_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
