// Cameras and links, simulated: what waited is late, whatever the clocks say.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/source/lateness.h"

// Of one run: how long frames waited when they were judged, and what came of it.
struct outcome {
    int late, fresh;
    double fresh_wait_max_s;         // of frames judged fresh
    double late_wait_min_s;          // of frames judged late
    double first_late_s, hopeless_s; // true time; 0: never
};

// A camera whose stamps advance by stamp_s per second sends frames interval_s apart. The
// link carries rate frames per second at most from slow_from_s on, and nothing between
// stall_from_s and stall_to_s.
struct camera {
    double interval_s, stamp_s, jitter_s, seconds_s;
    double slow_from_s, rate;
    double stall_from_s, stall_to_s;
    bool waits_forever; // after the stall frames stay as late as they are then
    enum pipeline_link_load link;
};

static double random_unit(void)
{
    static uint64_t seed = 88172645463325252u;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static struct outcome run(struct pipeline_lateness *lateness, const struct camera *camera)
{
    struct outcome outcome = { .late_wait_min_s = INFINITY };
    double last_arrival_s = 0, delay_s = 0;
    for (int i = 0; i * camera->interval_s < camera->seconds_s; i++) {
        const double time_s = i * camera->interval_s;
        double arrival_s = time_s + delay_s + camera->jitter_s * random_unit();
        enum pipeline_link_load link = camera->link;
        if (camera->rate > 0 && time_s >= camera->slow_from_s) {
            arrival_s = fmax(arrival_s, last_arrival_s + 1 / camera->rate);
        }
        if (time_s >= camera->stall_from_s && arrival_s < camera->stall_to_s) {
            arrival_s = camera->stall_to_s;
            delay_s = camera->waits_forever ? camera->stall_to_s - camera->stall_from_s : 0;
        }
        arrival_s = fmax(arrival_s, last_arrival_s);
        last_arrival_s = arrival_s;
        const double wait_s = arrival_s - time_s;
        switch (pipeline_lateness_judge(lateness,
                                        i == 0 ? NAN : camera->interval_s * camera->stamp_s,
                                        (int64_t)((arrival_s + 100) * 1e9), link)) {
        case PIPELINE_LATENESS_FRESH:
            outcome.fresh++;
            outcome.fresh_wait_max_s = fmax(outcome.fresh_wait_max_s, wait_s);
            continue;
        case PIPELINE_LATENESS_HOPELESS:
            outcome.hopeless_s = outcome.hopeless_s == 0 ? arrival_s : outcome.hopeless_s;
            break;
        case PIPELINE_LATENESS_LATE:
            break;
        }
        outcome.first_late_s = outcome.late++ == 0 ? arrival_s : outcome.first_late_s;
        outcome.late_wait_min_s = fmin(outcome.late_wait_min_s, wait_s);
    }
    return outcome;
}

static void a_clock_of_any_rate_makes_no_frame_late(void **state)
{
    (void)state;
    static const double rates[] = { 0.8, 25.0 / 30, 0.9, 0.97, 0.999, 1, 1.001, 1.03, 1.1, 1.2 };
    static const double intervals_s[] = { 1.0 / 60, 1.0 / 25, 1.0 / 5 };
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        for (size_t i = 0; i < sizeof intervals_s / sizeof intervals_s[0]; i++) {
            struct pipeline_lateness lateness = { 0 };
            const struct camera camera = { .interval_s = intervals_s[i],
                                           .stamp_s = rates[r],
                                           .jitter_s = 0.05,
                                           .seconds_s = 600,
                                           .stall_from_s = INFINITY };
            const struct outcome outcome = run(&lateness, &camera);
            if (outcome.late > 0) {
                fail_msg("stamps at %.3f: a frame late after %.1f s", rates[r],
                         outcome.first_late_s);
            }
        }
    }
}

// A camera in the dark that counts 25 frames/s and sends 5: nothing queues on an idle link.
static void on_an_idle_link_no_frame_is_late(void **state)
{
    (void)state;
    struct pipeline_lateness lateness = { 0 };
    const struct camera camera = { .interval_s = 0.2,
                                   .stamp_s = 0.2,
                                   .seconds_s = 300,
                                   .stall_from_s = INFINITY,
                                   .link = PIPELINE_LINK_IDLE };
    assert_int_equal(run(&lateness, &camera).late, 0);
}

static void a_link_that_is_far_too_slow_is_noticed_within_a_second(void **state)
{
    (void)state;
    static const double rates[] = { 2, 5, 10, 15, 17 };
    static const enum pipeline_link_load links[] = { PIPELINE_LINK_UNKNOWN,
                                                     PIPELINE_LINK_SATURATED };
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        for (size_t l = 0; l < sizeof links / sizeof links[0]; l++) {
            struct pipeline_lateness lateness = { 0 };
            const struct camera camera = { .interval_s = 0.04,
                                           .stamp_s = 1,
                                           .jitter_s = 0.01,
                                           .seconds_s = 60,
                                           .slow_from_s = 20,
                                           .rate = rates[r],
                                           .stall_from_s = INFINITY,
                                           .link = links[l] };
            const struct outcome outcome = run(&lateness, &camera);
            assert_true(outcome.late > 0);
            assert_true(outcome.fresh_wait_max_s < 1.1);
            assert_true(outcome.late_wait_min_s > 0.9);
            assert_true(outcome.hopeless_s > 20);
            assert_true(fabs(outcome.hopeless_s - outcome.first_late_s - 5) < 0.6);
        }
    }
}

// It looks like a clock that runs slow, but for the link.
static void a_link_that_is_a_little_too_slow_is_noticed_when_saturated(void **state)
{
    (void)state;
    struct pipeline_lateness lateness = { 0 };
    const struct camera camera = { .interval_s = 0.04,
                                   .stamp_s = 1,
                                   .seconds_s = 90,
                                   .slow_from_s = 20,
                                   .rate = 22,
                                   .stall_from_s = INFINITY,
                                   .link = PIPELINE_LINK_SATURATED };
    const struct outcome outcome = run(&lateness, &camera);
    assert_true(outcome.late > 0);
    assert_true(outcome.fresh_wait_max_s < 1.1);
    assert_true(outcome.hopeless_s > 0);
}

// Frames of the first two seconds waited for over a second, those behind did not.
static void after_a_stall_what_waited_is_late(void **state)
{
    (void)state;
    static const enum pipeline_link_load links[] = { PIPELINE_LINK_UNKNOWN, PIPELINE_LINK_IDLE,
                                                     PIPELINE_LINK_SATURATED };
    for (size_t l = 0; l < sizeof links / sizeof links[0]; l++) {
        struct pipeline_lateness lateness = { 0 };
        const struct camera camera = { .interval_s = 0.04,
                                       .stamp_s = 1,
                                       .jitter_s = 0.01,
                                       .seconds_s = 60,
                                       .stall_from_s = 30,
                                       .stall_to_s = 33,
                                       .link = links[l] };
        const struct outcome outcome = run(&lateness, &camera);
        assert_true(abs(outcome.late - 50) <= 3);
        assert_true(outcome.fresh_wait_max_s < 1.1);
        assert_true(outcome.late_wait_min_s > 0.9);
        assert_true(outcome.hopeless_s == 0);
    }
}

static void a_delay_that_stays_is_hopeless(void **state)
{
    (void)state;
    struct pipeline_lateness lateness = { 0 };
    const struct camera camera = { .interval_s = 0.04,
                                   .stamp_s = 1,
                                   .jitter_s = 0.01,
                                   .seconds_s = 60,
                                   .stall_from_s = 30,
                                   .stall_to_s = 33,
                                   .waits_forever = true,
                                   .link = PIPELINE_LINK_IDLE };
    const struct outcome outcome = run(&lateness, &camera);
    assert_true(outcome.fresh_wait_max_s < 1.1);
    assert_true(fabs(outcome.hopeless_s - 38) < 0.5);
}

// A server that was stopped lets go of its last frame once it goes on, or is given up.
static void the_frame_held_over_a_stall_is_late(void **state)
{
    (void)state;
    const int64_t ms = MC_NS_PER_MS;
    struct pipeline_lateness lateness = { 0 };
    pipeline_lateness_judge(&lateness, NAN, 100 * ms, PIPELINE_LINK_IDLE);
    pipeline_lateness_judge(&lateness, 0.04, 140 * ms, PIPELINE_LINK_IDLE);
    assert_int_equal(pipeline_lateness_judge(&lateness, 0.04, 3180 * ms, PIPELINE_LINK_IDLE),
                     PIPELINE_LATENESS_LATE);
    assert_int_equal(pipeline_lateness_judge(&lateness, 3.04, 3220 * ms, PIPELINE_LINK_IDLE),
                     PIPELINE_LATENESS_FRESH);
}

static void without_stamps_no_frame_is_late(void **state)
{
    (void)state;
    struct pipeline_lateness lateness = { 0 };
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pipeline_lateness_judge(&lateness, NAN, i * 3 * MC_NS_PER_SECOND,
                                                 PIPELINE_LINK_UNKNOWN),
                         PIPELINE_LATENESS_FRESH);
    }
}

// A camera's rate comes back: a stall is noticed as before.
static void a_clock_that_recovers_is_trusted_again(void **state)
{
    (void)state;
    struct pipeline_lateness lateness = { 0 };
    struct camera camera = { .interval_s = 0.2,
                             .stamp_s = 0.2,
                             .seconds_s = 60,
                             .stall_from_s = INFINITY,
                             .link = PIPELINE_LINK_IDLE };
    assert_int_equal(run(&lateness, &camera).late, 0);
    pipeline_lateness_reset(&lateness);
    camera = (struct camera){ .interval_s = 0.04,
                              .stamp_s = 1,
                              .seconds_s = 60,
                              .stall_from_s = 30,
                              .stall_to_s = 33,
                              .link = PIPELINE_LINK_IDLE };
    const struct outcome outcome = run(&lateness, &camera);
    assert_true(abs(outcome.late - 50) <= 5);
}

// As a camera sends frames that refer to later ones: four, the last one first.
static void arrivals_that_step_back_make_no_frame_late(void **state)
{
    (void)state;
    static const int sent_as[] = { 3, 2, 4, 1 }; // of its group, the n-th
    static const double intervals_s[] = { 0.04, 0.25 };
    for (size_t k = 0; k < sizeof intervals_s / sizeof intervals_s[0]; k++) {
        struct pipeline_lateness lateness = { 0 };
        for (int i = 0; i * intervals_s[k] < 60; i++) {
            const int sent = i == 0 ? 0 : (i - 1) / 4 * 4 + sent_as[(i - 1) % 4];
            assert_int_equal(pipeline_lateness_judge(&lateness, i == 0 ? NAN : intervals_s[k],
                                                     (int64_t)((100 + sent * intervals_s[k]) * 1e9),
                                                     PIPELINE_LINK_IDLE),
                             PIPELINE_LATENESS_FRESH);
        }
    }
}

// There is no growth to put down to the clock where nearly all of the lateness is a pause's.
static void a_jittered_frame_behind_a_pause_says_nothing_of_the_clock(void **state)
{
    (void)state;
    struct pipeline_lateness lateness = { 0 };
    int64_t now_ns = 100 * MC_NS_PER_SECOND;
    const double frame_s = 1.0 / 30;
    double arrival_s = 0;
    for (int i = 0; i < 90; i++) {
        arrival_s += i == 60 ? 1 : i > 60 ? 0.045 : frame_s;
        pipeline_lateness_judge(&lateness, i == 0 ? NAN : frame_s,
                                now_ns + (int64_t)(arrival_s * 1e9), PIPELINE_LINK_IDLE);
        assert_true(lateness.rate < 1.5);
        assert_true(i < 60 || lateness.total_s > 0.8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_of_any_rate_makes_no_frame_late),
        cmocka_unit_test(on_an_idle_link_no_frame_is_late),
        cmocka_unit_test(a_link_that_is_far_too_slow_is_noticed_within_a_second),
        cmocka_unit_test(a_link_that_is_a_little_too_slow_is_noticed_when_saturated),
        cmocka_unit_test(after_a_stall_what_waited_is_late),
        cmocka_unit_test(a_delay_that_stays_is_hopeless),
        cmocka_unit_test(the_frame_held_over_a_stall_is_late),
        cmocka_unit_test(without_stamps_no_frame_is_late),
        cmocka_unit_test(a_clock_that_recovers_is_trusted_again),
        cmocka_unit_test(arrivals_that_step_back_make_no_frame_late),
        cmocka_unit_test(a_jittered_frame_behind_a_pause_says_nothing_of_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
