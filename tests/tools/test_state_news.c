// Only a state or a reason that differs from the stream's last is news.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/state_news.h"

static struct tools_state_news news;

static bool says(const char *stream, const char *state, const char *reason)
{
    const struct mocap_message message = {
        .type = MOCAP_STATE, .stream = stream, .state = state, .reason = reason
    };
    return tools_state_is_news(&news, &message);
}

static void repetitions_are_no_news(void **state)
{
    (void)state;
    memset(&news, 0, sizeof news);
    assert_true(says("a", "connecting", ""));
    assert_false(says("a", "connecting", ""));
    assert_true(says("b", "connecting", ""));
    assert_false(says("a", "connecting", "")); // in whatever order
    assert_true(says("a", "connecting", "no camera"));
    assert_false(says("a", "connecting", "no camera"));
    assert_true(says("a", "live", ""));
    assert_true(says("a", "connecting", "no camera"));
    assert_false(says("b", "connecting", ""));
}

static void too_many_streams_are_told_all_the_same(void **state)
{
    (void)state;
    char name[16];
    memset(&news, 0, sizeof news);
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        assert_true(says(name, "live", ""));
    }
    assert_true(says("more", "stalled", ""));
    assert_true(says("more", "stalled", ""));
    assert_false(says("s0", "live", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repetitions_are_no_news),
        cmocka_unit_test(too_many_streams_are_told_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
