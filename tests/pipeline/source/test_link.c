#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/source/link.h"

static const int64_t ms = MC_NS_PER_MS;

// Frames of that many packets; the first of each is waited for, and each of the others.
static enum pipeline_link_load load_of(int packets, int64_t first_ns, int64_t other_ns)
{
    struct pipeline_link link = { 0 };
    assert_int_equal(pipeline_link_load(&link), PIPELINE_LINK_UNKNOWN);
    for (int frame = 0; frame < 100; frame++) {
        for (int i = 0; i < packets; i++) {
            pipeline_link_add(&link, i == 0, i == 0 ? first_ns : other_ns);
        }
    }
    return pipeline_link_load(&link);
}

static void a_link_that_pauses_between_frames_is_idle(void **state)
{
    (void)state;
    assert_int_equal(load_of(8, 38 * ms, ms / 10), PIPELINE_LINK_IDLE);
    assert_int_equal(load_of(3, 30 * ms, 3 * ms), PIPELINE_LINK_IDLE);
}

static void a_link_that_never_pauses_is_saturated(void **state)
{
    (void)state;
    assert_int_equal(load_of(8, 60 * ms, 60 * ms), PIPELINE_LINK_SATURATED);
    assert_int_equal(load_of(30, 2 * ms, ms), PIPELINE_LINK_SATURATED);
    assert_int_equal(load_of(1, 0, 0), PIPELINE_LINK_SATURATED); // the reader is too slow
}

static void frames_of_one_packet_tell_nothing(void **state)
{
    (void)state;
    assert_int_equal(load_of(1, 40 * ms, 0), PIPELINE_LINK_UNKNOWN);
}

// It is judged by about the last second.
static void a_change_shows_within_seconds(void **state)
{
    (void)state;
    struct pipeline_link link = { 0 };
    for (int i = 0; i < 8 * 100; i++) {
        pipeline_link_add(&link, i % 8 == 0, i % 8 == 0 ? 38 * ms : ms / 10);
    }
    assert_int_equal(pipeline_link_load(&link), PIPELINE_LINK_IDLE);
    for (int i = 0; i < 40; i++) { // 2.4 s
        pipeline_link_add(&link, i % 8 == 0, 60 * ms);
    }
    assert_int_equal(pipeline_link_load(&link), PIPELINE_LINK_SATURATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_pauses_between_frames_is_idle),
        cmocka_unit_test(a_link_that_never_pauses_is_saturated),
        cmocka_unit_test(frames_of_one_packet_tell_nothing),
        cmocka_unit_test(a_change_shows_within_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
