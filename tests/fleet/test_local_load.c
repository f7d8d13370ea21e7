// The load that metrics of mocapd tell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/fleet/local_load.h"

static const char first[] = "# TYPE mocapd_frames_dropped_total counter\n"
                            "mocapd_frames_dropped_total{stream=\"a\",reason=\"mailbox\"} 5\n"
                            "mocapd_frames_dropped_total{stream=\"a\",reason=\"late\"} 70\n"
                            "mocapd_frames_dropped_total{stream=\"b\",reason=\"mailbox\"} 5\n"
                            "mocapd_e2e_latency_seconds_sum{stream=\"a\"} 1\n"
                            "mocapd_e2e_latency_seconds_count{stream=\"a\"} 100\n"
                            "mocapd_e2e_latency_seconds_sum{stream=\"b\"} 3\n"
                            "mocapd_e2e_latency_seconds_count{stream=\"b\"} 100\n";
static const char later[] = "mocapd_frames_dropped_total{stream=\"a\",reason=\"mailbox\"} 20\n"
                            "mocapd_frames_dropped_total{stream=\"a\",reason=\"late\"} 700\n"
                            "mocapd_frames_dropped_total{stream=\"b\",reason=\"mailbox\"} 10\n"
                            "mocapd_e2e_latency_seconds_sum{stream=\"a\"} 4.9\n"
                            "mocapd_e2e_latency_seconds_count{stream=\"a\"} 290\n"
                            "mocapd_e2e_latency_seconds_sum{stream=\"b\"} 3.1\n"
                            "mocapd_e2e_latency_seconds_count{stream=\"b\"} 110\n";

struct reading {
    const char *stream; // NULL: the end
    double latency_sum_s, records, dropped;
};

static void measure(struct fleet_local_counts *counts, const struct reading *readings,
                    struct fleet_load *load)
{
    char text[4096];
    size_t used = 0;
    text[0] = '\0';
    for (const struct reading *at = readings; at->stream != NULL; at++) {
        used += (size_t)snprintf(
            text + used, sizeof text - used,
            "mocapd_e2e_latency_seconds_sum{stream=\"%s\"} %g\n"
            "mocapd_e2e_latency_seconds_count{stream=\"%s\"} %g\n"
            "mocapd_frames_dropped_total{stream=\"%s\",reason=\"mailbox\"} %g\n",
            at->stream, at->latency_sum_s, at->stream, at->records, at->stream, at->dropped);
    }
    fleet_local_load_measure(counts, text, load);
}

static void counts_since_the_last_time_are_the_load(void **state)
{
    (void)state;
    struct fleet_local_counts counts = { 0 };
    struct fleet_load load = { 0 };
    fleet_local_load_measure(&counts, first, &load);
    assert_float_equal(load.latency_ms, 0, 0); // since when is not known
    fleet_local_load_measure(&counts, later, &load);
    assert_float_equal(load.latency_ms, 20, 1e-6);
    assert_float_equal(load.dropped, 20 / 220.0, 1e-6);
}

// What a stream counted before says nothing of those that stay or come.
static void only_streams_of_both_readings_count(void **state)
{
    (void)state;
    static const struct {
        struct reading before[3], after[3];
        double latency_ms, dropped;
    } cases[] = {
        // One leaves: with more past than the rest gains, and with less.
        { { { "a", 100, 10000, 0 }, { "b", 10, 50, 9 } }, { { "a", 101, 10100, 100 } }, 10, 0.5 },
        { { { "a", 1, 100, 5 }, { "b", 3, 100, 5 } },
          { { "a", 4.9, 290, 15 } },
          3900 / 190.0,
          0.05 },
        // One comes, with a past.
        { { { "a", 1, 100, 0 } }, { { "a", 2, 200, 0 }, { "b", 90, 100, 7 } }, 10, 0 },
        // One takes the place of another.
        { { { "b", 1, 100, 0 } }, { { "a", 2, 200, 3 } }, 0, 0 },
        // One is added again between two readings: all its counts tell, or one.
        { { { "a", 1, 100, 0 }, { "b", 9, 90, 9 } },
          { { "a", 2, 200, 0 }, { "b", 1, 50, 0 } },
          10,
          0 },
        { { { "a", 9, 100, 0 } }, { { "a", 2, 200, 0 } }, 0, 0 },
        // Names that begin alike.
        { { { "a", 1, 100, 0 }, { "aa", 50, 50, 0 } }, { { "aa", 51, 100, 0 } }, 20, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fleet_local_counts counts = { 0 };
        struct fleet_load load = { 0 };
        measure(&counts, cases[i].before, &load);
        measure(&counts, cases[i].after, &load);
        assert_float_equal(load.latency_ms, cases[i].latency_ms, 1e-6);
        assert_float_equal(load.dropped, cases[i].dropped, 1e-6);
    }
}

static void without_new_records_there_is_no_load(void **state)
{
    (void)state;
    struct fleet_local_counts counts = { 0 };
    struct fleet_load load = { 0 };
    fleet_local_load_measure(&counts, later, &load);
    fleet_local_load_measure(&counts, later, &load);
    assert_float_equal(load.latency_ms, 0, 0);
    assert_float_equal(load.dropped, 0, 0);
    fleet_local_load_measure(&counts, first, &load); // of a mocapd that was started again
    assert_float_equal(load.latency_ms, 0, 0);
    assert_float_equal(load.dropped, 0, 0);
    fleet_local_load_measure(&counts, "", &load);
    assert_float_equal(load.latency_ms, 0, 0);
}

static void lines_of_another_form_are_passed_over(void **state)
{
    (void)state;
    struct fleet_local_counts counts = { 0 };
    struct fleet_load load = { 0 };
    char text[512], name[2 * PROTOCOL_NAME_BYTES];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    snprintf(
        text, sizeof text,
        "\n{stream=\"\nmocapd_e2e_latency_seconds_sum\n"
        "mocapd_e2e_latency_seconds_sum{stream=\"a\nmocapd_e2e_latency_seconds_sum{stream=\"a\"}\n"
        "mocapd_e2e_latency_seconds_count{stream=\"%s\"} 7\n"
        "mocapd_e2e_latency_seconds_count{stream=\"a\"} 7",
        name);
    fleet_local_load_measure(&counts, text, &load);
    for (int i = 0; i < counts.stream_count; i++) {
        assert_float_equal(counts.streams[i].records, 0, 0);
    }
    assert_float_equal(load.latency_ms, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_since_the_last_time_are_the_load),
        cmocka_unit_test(only_streams_of_both_readings_count),
        cmocka_unit_test(without_new_records_there_is_no_load),
        cmocka_unit_test(lines_of_another_form_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
