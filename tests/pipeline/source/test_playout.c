#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/source/playout.h"

static const int64_t s = MC_NS_PER_SECOND, ms = MC_NS_PER_MS;
static struct pipeline_playout playout;

static void assert_due(double pts, int64_t now_ns, int64_t due_ns)
{
    const int64_t got_ns = pipeline_playout_due_ns(&playout, pts, now_ns);
    assert_true(got_ns >= due_ns - 1000 && got_ns <= due_ns + 1000);
}

static void frames_are_due_as_their_pts_say(void **state)
{
    (void)state;
    pipeline_playout_begin(&playout, false, false);
    assert_due(7, 100 * s, 100 * s);
    assert_due(7.5, 100 * s, 100 * s + s / 2);
    assert_due(8, 101 * s, 101 * s);
}

// Decoding at half the speed: ever later, but the clock is the same.
static void a_file_that_decodes_too_slowly_keeps_its_clock(void **state)
{
    (void)state;
    pipeline_playout_begin(&playout, false, false);
    for (int i = 0; i < 1000; i++) {
        assert_due(i * 0.04, 100 * s + i * 80 * ms, 100 * s + i * 40 * ms);
    }
}

static void a_gap_in_the_stamps_is_not_waited_for(void **state)
{
    (void)state;
    pipeline_playout_begin(&playout, false, false);
    assert_due(0, 100 * s, 100 * s);
    assert_due(1e9, 101 * s, 101 * s);
    assert_due(1e9 + 1, 101 * s, 102 * s);
}

// What the machine slept through is not made up in a rush.
static void after_a_suspend_the_clock_starts_anew(void **state)
{
    (void)state;
    pipeline_playout_begin(&playout, false, false);
    assert_due(0, 100 * s, 100 * s);
    assert_due(0.04, 500 * s, 500 * s);
    assert_due(0.08, 500 * s, 500 * s + 40 * ms);
}

// Nobody watched for two seconds: the file begins again, and is not late. One that repeats goes on.
static void a_pause_is_not_made_up_for(void **state)
{
    (void)state;
    pipeline_playout_begin(&playout, false, false);
    assert_due(0, 100 * s, 100 * s);
    assert_due(0.04, 100 * s, 100 * s + 40 * ms);
    pipeline_playout_begin(&playout, false, false);
    assert_due(2.08, 103 * s, 103 * s);
    assert_due(2.12, 103 * s, 103 * s + 40 * ms);
    pipeline_playout_begin(&playout, false, true);
    assert_due(2.16, 103 * s + 50 * ms, 103 * s + 80 * ms);
}

// Segments of 4 s, each there at once: even frames. One is 2 s late: the delay grows by
// as much, and is made up in the next 40 s.
static void a_live_stream_in_chunks_plays_evenly_and_makes_up_its_delay(void **state)
{
    (void)state;
    pipeline_playout_begin(&playout, true, false);
    const int64_t begin_ns = 100 * s;
    int64_t last_ns = 0;
    for (int i = 0; i < 100 * 60; i++) {
        const int segment = i / 100;
        int64_t ready_ns = begin_ns + (segment - 1) * 4 * s + (segment == 10 ? 2 * s : 0);
        if (ready_ns < last_ns) {
            ready_ns = last_ns;
        }
        const int64_t due_ns = pipeline_playout_due_ns(&playout, i * 0.04, ready_ns);
        const int64_t late_ns = due_ns - (begin_ns - 4 * s + i * 40 * ms);
        if (i > 0 && i != 1000) {
            assert_true(due_ns - last_ns >= 37 * ms && due_ns - last_ns <= 41 * ms);
        }
        assert_true(late_ns >= -ms && late_ns <= 2 * s + ms);
        if (i == 1000) {
            assert_true(due_ns - last_ns >= s);
        } else if (i == 1000 + 60 * 25) {
            assert_true(playout.delayed_s < 0.01);
        }
        last_ns = due_ns;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_due_as_their_pts_say),
        cmocka_unit_test(a_file_that_decodes_too_slowly_keeps_its_clock),
        cmocka_unit_test(a_gap_in_the_stamps_is_not_waited_for),
        cmocka_unit_test(after_a_suspend_the_clock_starts_anew),
        cmocka_unit_test(a_pause_is_not_made_up_for),
        cmocka_unit_test(a_live_stream_in_chunks_plays_evenly_and_makes_up_its_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
