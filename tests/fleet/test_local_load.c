// The load that metrics of mocapd tell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
                            "mocapd_e2e_latency_seconds_sum{stream=\"a\"} 4.9\n"
                            "mocapd_e2e_latency_seconds_count{stream=\"a\"} 290\n";

static void counts_since_the_last_time_are_the_load(void **state)
{
    (void)state;
    struct fleet_local_counts counts = { 0 };
    struct fleet_load load = { 0 };
    fleet_local_load_measure(&counts, first, &load);
    assert_float_equal(load.latency_ms, 20, 1e-6);
    assert_float_equal(load.dropped, 10 / 210.0, 1e-6);
    fleet_local_load_measure(&counts, later, &load);
    assert_float_equal(load.latency_ms, 10, 1e-6);
    assert_float_equal(load.dropped, 0.1, 1e-6);
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
    fleet_local_load_measure(&counts, "", &load);
    assert_float_equal(load.latency_ms, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_since_the_last_time_are_the_load),
        cmocka_unit_test(without_new_records_there_is_no_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
