// A source with frames 40 ms apart, on machines of different speed.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/source/decode_load.h"

static const int64_t ms = MC_NS_PER_MS, s = MC_NS_PER_SECOND;

// Decodes for so long; each frame takes cost_ms[effort], on average. Returns the changes.
static int run(struct pipeline_decode_load *load, const int cost_ms[4], int64_t *now_ns,
               int64_t seconds)
{
    int changes = 0;
    double late_s = 0;
    for (const int64_t end_ns = *now_ns + seconds * s; *now_ns < end_ns;) {
        const int64_t busy_ns = cost_ms[load->effort] * ms;
        *now_ns += busy_ns;
        late_s += (double)(busy_ns - 40 * ms) * 1e-9;
        if (late_s < 0) {
            *now_ns += (int64_t)(-late_s * 1e9);
            late_s = 0;
        }
        changes += pipeline_decode_load_add(load, busy_ns, late_s, *now_ns);
    }
    return changes;
}

static void a_machine_that_keeps_up_decodes_all(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    assert_int_equal(run(&load, (const int[]){ 30, 30, 30, 30 }, &now_ns, 600), 0);
    assert_int_equal(load.effort, PIPELINE_DECODE_ALL);
    assert_string_equal(pipeline_decode_effort_reason(load.effort), "");
}

static void no_more_is_left_out_than_needed(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    run(&load, (const int[]){ 60, 30, 30, 30 }, &now_ns, 20);
    assert_int_equal(load.effort, PIPELINE_DECODE_THREADED);
    load = (struct pipeline_decode_load){ 0 };
    run(&load, (const int[]){ 50, 45, 30, 5 }, &now_ns, 20);
    assert_int_equal(load.effort, PIPELINE_DECODE_REFERENCE);
    load = (struct pipeline_decode_load){ 0 };
    run(&load, (const int[]){ 120, 70, 60, 5 }, &now_ns, 20);
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
}

// It tries again, but more and more seldom.
static void what_does_not_fit_is_not_tried_again_and_again(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    assert_in_range(run(&load, (const int[]){ 120, 70, 60, 5 }, &now_ns, 600), 3, 16);
}

static void with_less_load_all_is_decoded_again(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    run(&load, (const int[]){ 120, 70, 60, 5 }, &now_ns, 5);
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
    run(&load, (const int[]){ 10, 10, 10, 5 }, &now_ns, 60);
    assert_int_equal(load.effort, PIPELINE_DECODE_ALL);
}

// Each trial is for a second or two.
static void one_thread_is_tried_ever_more_seldom(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    run(&load, (const int[]){ 50, 10, 10, 5 }, &now_ns, 20);
    assert_in_range(run(&load, (const int[]){ 50, 10, 10, 5 }, &now_ns, 3600), 8, 24);
    assert_in_range(run(&load, (const int[]){ 50, 10, 10, 5 }, &now_ns, 4 * 3600), 2, 10);
    assert_true(load.effort <= PIPELINE_DECODE_THREADED);
}

// The camera, or the network, held the frames back.
static void a_pause_of_the_source_is_not_the_decoders(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    run(&load, (const int[]){ 5, 5, 5, 5 }, &now_ns, 20);
    now_ns += 4 * s;
    for (int i = 0; i < 100; i++) {
        now_ns += 5 * ms;
        assert_false(pipeline_decode_load_add(&load, 5 * ms, 4 - 0.035 * i, now_ns));
    }
    assert_int_equal(load.effort, PIPELINE_DECODE_ALL);
}

// A repeated file whose server took 2.6 s to open it again is late, but decodes in no time.
static void lateness_from_before_the_first_packet_is_not_the_decoders(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    for (int round = 0; round < 10; round++) {
        load.window_ns = 0;
        for (double late_s = 2.6; late_s > 0; late_s -= 0.039) {
            now_ns += ms;
            assert_false(pipeline_decode_load_add(&load, ms, late_s, now_ns));
        }
        now_ns += 2 * s;
    }
    assert_int_equal(load.effort, PIPELINE_DECODE_ALL);
}

// A file that is that late, and decodes slower than it plays.
static void a_decoder_that_is_far_behind_skips_to_a_key_frame_soon(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    bool changed = false;
    for (int i = 0; i < 5 && !changed; i++) {
        now_ns += 60 * ms;
        changed = pipeline_decode_load_add(&load, 60 * ms, 2.6 + 0.02 * i, now_ns);
    }
    assert_true(changed);
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
}

// For so many seconds, of a source whose key frames are so many packets apart; 0: after the first,
// none. Returns how often nothing was left.
static int run_keys(struct pipeline_decode_load *load, int keys_apart, int64_t *now_ns, int seconds)
{
    int starved = 0;
    for (int i = 0; i < 25 * seconds; i++) {
        const bool is_key = i == 0 || (keys_apart != 0 && i % keys_apart == 0);
        const bool decoded = load->effort != PIPELINE_DECODE_KEY || is_key;
        *now_ns += 40 * ms;
        pipeline_decode_load_add(load, decoded ? 39 * ms : ms, 0.5, *now_ns);
        if (is_key) {
            pipeline_decode_load_key_frame(load, *now_ns);
        }
        starved += pipeline_decode_load_lacks_keys(load, *now_ns);
    }
    return starved;
}

static void a_source_without_key_frames_is_not_left_without_frames(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    pipeline_decode_load_begin(&load);
    assert_int_equal(run_keys(&load, 0, &now_ns, 5), 0);
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
    assert_int_equal(run_keys(&load, 0, &now_ns, 10), 0); // one key frame more
    assert_int_equal(run_keys(&load, 0, &now_ns, 30), 1);
    assert_int_equal(load.effort, PIPELINE_DECODE_REFERENCE);
    pipeline_decode_load_begin(&load); // it is opened again, with a key frame at first
    assert_int_equal(run_keys(&load, 0, &now_ns, 3600), 0);
    assert_int_equal(load.effort, PIPELINE_DECODE_REFERENCE);
}

static void key_frames_that_come_again_count_again(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    pipeline_decode_load_begin(&load);
    run_keys(&load, 0, &now_ns, 30);
    assert_true(load.keys_are_rare);
    assert_int_equal(run_keys(&load, 50, &now_ns, 30), 0);
    assert_false(load.keys_are_rare);
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
}

static void key_frames_of_a_few_seconds_are_not_rare(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    pipeline_decode_load_begin(&load);
    assert_int_equal(run_keys(&load, 240, &now_ns, 600), 0);
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
}

// Threads come with the next key frame; before, nobody knows what they are worth.
static void threads_that_are_still_to_come_are_waited_for(void **state)
{
    (void)state;
    struct pipeline_decode_load load = { 0 };
    int64_t now_ns = 100 * s;
    while (load.effort == PIPELINE_DECODE_ALL) {
        run(&load, (const int[]){ 60, 60, 60, 60 }, &now_ns, 1);
    }
    assert_int_equal(load.effort, PIPELINE_DECODE_THREADED);
    load.awaits_threads = true;
    for (int i = 0; i < 200; i++) {
        now_ns += 60 * ms;
        assert_false(pipeline_decode_load_add(&load, 60 * ms, 0.5 + 0.02 * i, now_ns) &&
                     load.effort == PIPELINE_DECODE_REFERENCE);
        if (load.effort == PIPELINE_DECODE_KEY) {
            break; // over two seconds behind
        }
    }
    assert_int_equal(load.effort, PIPELINE_DECODE_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_that_keeps_up_decodes_all),
        cmocka_unit_test(no_more_is_left_out_than_needed),
        cmocka_unit_test(what_does_not_fit_is_not_tried_again_and_again),
        cmocka_unit_test(with_less_load_all_is_decoded_again),
        cmocka_unit_test(one_thread_is_tried_ever_more_seldom),
        cmocka_unit_test(a_pause_of_the_source_is_not_the_decoders),
        cmocka_unit_test(lateness_from_before_the_first_packet_is_not_the_decoders),
        cmocka_unit_test(a_decoder_that_is_far_behind_skips_to_a_key_frame_soon),
        cmocka_unit_test(a_source_without_key_frames_is_not_left_without_frames),
        cmocka_unit_test(key_frames_that_come_again_count_again),
        cmocka_unit_test(key_frames_of_a_few_seconds_are_not_rare),
        cmocka_unit_test(threads_that_are_still_to_come_are_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
