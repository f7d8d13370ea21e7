#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/web/board.h"

static struct web_board board;

static int set_up(void **state)
{
    (void)state;
    return !web_board_init(&board, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    web_board_finish(&board);
    return 0;
}

static void assert_shown(int slot, uint64_t version, const char *text)
{
    assert_int_equal(board.slots[slot].version, version);
    assert_int_equal(board.slots[slot].shown.length, strlen(text));
    assert_memory_equal(board.slots[slot].shown.bytes + WEB_BOARD_HEADROOM, text, strlen(text));
}

static void the_newest_text_wins(void **state)
{
    (void)state;
    assert_false(web_board_take(&board));
    assert_true(web_board_put(&board, 2, "first", 5));
    assert_true(web_board_put(&board, 2, "second one", 10));
    assert_true(web_board_put(&board, 4, "other", 5));
    assert_int_equal(board.slots[2].version, 0); // not taken yet
    assert_true(web_board_take(&board));
    assert_shown(2, 1, "second one");
    assert_shown(4, 1, "other");
    assert_false(web_board_take(&board));
    assert_true(web_board_put(&board, 2, "x", 1));
    assert_true(web_board_take(&board));
    assert_shown(2, 2, "x");
    assert_shown(4, 1, "other");
}

static void streams_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(web_board_find(&board, "one"), -1);
    web_board_name(&board, 0, "one");
    web_board_name(&board, 63, "last");
    assert_int_equal(web_board_find(&board, "one"), 0);
    assert_int_equal(web_board_find(&board, "last"), 63);
    web_board_name(&board, 0, "");
    assert_int_equal(web_board_find(&board, "one"), -1);
    assert_int_equal(web_board_find(&board, ""), -1);
    assert_int_equal(web_board_stream_of_record(WEB_BOARD_HELLO), -1);
    for (int i = 0; i < WEB_BOARD_STREAMS_MAX; i++) {
        assert_int_equal(web_board_stream_of_record(web_board_record_slot(i)), i);
        assert_int_equal(web_board_stream_of_record(web_board_state_slot(i)), -1);
    }
}

static void a_slot_may_be_emptied(void **state)
{
    (void)state;
    assert_true(web_board_put(&board, 0, "hello", 5));
    assert_true(web_board_take(&board));
    assert_true(web_board_put(&board, 0, "", 0));
    assert_true(web_board_take(&board));
    assert_int_equal(board.slots[0].version, 2);
    assert_int_equal(board.slots[0].shown.length, 0);
}

static void memory_stays_when_texts_do(void **state)
{
    (void)state;
    char text[500];
    memset(text, 'a', sizeof text);
    for (int i = 0; i < 3; i++) {
        assert_true(web_board_put(&board, 1, text, sizeof text));
        assert_true(web_board_take(&board));
    }
    const char *shown = board.slots[1].shown.bytes, *put = board.slots[1].put.bytes;
    for (int i = 0; i < 4; i++) {
        assert_true(web_board_put(&board, 1, text, sizeof text - (size_t)i));
        assert_true(web_board_take(&board));
        assert_true(board.slots[1].shown.bytes == shown || board.slots[1].shown.bytes == put);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_text_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_are_found_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slot_may_be_emptied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_stays_when_texts_do, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
