// The text of the metrics, as Prometheus reads it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/metrics.h"
#include "pipeline/stats.h"
#include "protocol/encode.h"

static char *write_metrics(int first, int end)
{
    static struct protocol_status status;
    static struct pipeline_stats stats[2];
    status = (struct protocol_status){ .connections = 3, .stream_count = 2 };
    strcpy(status.streams[0].stream, "left");
    strcpy(status.streams[1].stream, "right");
    status.streams[1].drops.subscriber = 9;
    stats[0] = (struct pipeline_stats){ .up = true, .captured = 100, .connects = 4 };
    stats[0].dropped[PIPELINE_DROP_LATE] = 7;
    pipeline_histogram_add(&stats[0].latency, 3000000);
    pipeline_histogram_add(&stats[0].latency, 30000000);
    const struct daemon_metrics metrics = { "1.2", &status, stats, first, end };
    struct protocol_buffer text;
    protocol_buffer_init(&text, PROTOCOL_MESSAGE_BYTES);
    daemon_metrics_write(&text, &metrics);
    protocol_buffer_bytes(&text, "", 1);
    assert_false(text.failed);
    char *copy = strdup(text.data);
    protocol_buffer_finish(&text);
    return copy;
}

static void assert_line(const char *text, const char *line)
{
    char whole[256];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (strstr(text, whole) == NULL) {
        fail_msg("has no line '%s':\n%s", line, text);
    }
}

static void numbers_are_listed_by_stream(void **state)
{
    (void)state;
    char *text = write_metrics(0, 2);
    assert_line(text, "mocapd_source_up{stream=\"left\"} 1");
    assert_line(text, "mocapd_source_up{stream=\"right\"} 0");
    assert_line(text, "mocapd_source_reconnects_total{stream=\"left\"} 3");
    assert_line(text, "mocapd_source_reconnects_total{stream=\"right\"} 0");
    assert_line(text, "mocapd_frames_captured_total{stream=\"left\"} 100");
    assert_line(text, "mocapd_frames_dropped_total{stream=\"left\",reason=\"late\"} 7");
    assert_line(text, "mocapd_frames_dropped_total{stream=\"right\",reason=\"subscriber\"} 9");
    assert_line(text, "mocapd_connections 3");
    free(text);
}

static void buckets_add_up(void **state)
{
    (void)state;
    char *text = write_metrics(0, 2);
    assert_line(text, "mocapd_e2e_latency_seconds_bucket{stream=\"left\",le=\"0.002\"} 0");
    assert_line(text, "mocapd_e2e_latency_seconds_bucket{stream=\"left\",le=\"0.004\"} 1");
    assert_line(text, "mocapd_e2e_latency_seconds_bucket{stream=\"left\",le=\"0.033\"} 2");
    assert_line(text, "mocapd_e2e_latency_seconds_bucket{stream=\"left\",le=\"+Inf\"} 2");
    assert_line(text, "mocapd_e2e_latency_seconds_count{stream=\"left\"} 2");
    free(text);
}

static void one_stream_can_be_listed_alone(void **state)
{
    (void)state;
    char *text = write_metrics(1, 2);
    assert_null(strstr(text, "left"));
    assert_non_null(strstr(text, "right"));
    free(text);
}

// Every value of a label is a time series that Prometheus keeps: only names of streams and of
// fixed lists may be values, never numbers of connections or processes.
static void labels_have_few_values(void **state)
{
    (void)state;
    static const char *const known[] = { "stream", "reason", "stage", "le", "version" };
    char *text = write_metrics(0, 2);
    for (const char *at = text; (at = strstr(at, "=\"")) != NULL; at++) {
        const char *start = at;
        while (start[-1] != '{' && start[-1] != ',') {
            start--;
        }
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            found = found || (strlen(known[i]) == (size_t)(at - start) &&
                              memcmp(known[i], start, (size_t)(at - start)) == 0);
        }
        if (!found) {
            fail_msg("unexpected label %.*s", (int)(at - start), start);
        }
    }
    free(text);
}

// Prometheus refuses a family whose head comes twice.
static void families_come_once(void **state)
{
    (void)state;
    char *text = write_metrics(0, 2);
    for (const char *at = text; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        char head[128];
        snprintf(head, sizeof head, "%.*s", (int)strcspn(at, "\n"), at);
        char *space = strchr(head + strlen("# TYPE "), ' ');
        assert_non_null(space);
        space[1] = '\0';
        assert_null(strstr(at + 1, head));
    }
    free(text);
}

// Monitoring asks for all streams at once.
static void as_many_streams_as_there_may_be_fit_into_a_message(void **state)
{
    (void)state;
    static struct protocol_status status;
    static struct pipeline_stats stats[PROTOCOL_STREAMS_MAX];
    const uint64_t many = 1000ull * 86400 * 365 * 100; // a century at a thousand frames a second
    status = (struct protocol_status){ .stream_count = PROTOCOL_STREAMS_MAX };
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        memset(status.streams[i].stream, 'n', PROTOCOL_NAME_BYTES - 1);
        memset(stats[i].dropped, 0x11, sizeof stats[i].dropped);
        stats[i].captured = stats[i].decoded = stats[i].damaged = stats[i].published = many;
        stats[i].connects = many;
        stats[i].latency = (struct pipeline_histogram){ { many }, (double)many / 7 };
        for (int stage = 0; stage < PIPELINE_STAGE_COUNT; stage++) {
            stats[i].stages[stage] = stats[i].latency;
        }
    }
    const struct daemon_metrics metrics = { "1.2", &status, stats, 0, PROTOCOL_STREAMS_MAX };
    const enum protocol_encoding encodings[] = { PROTOCOL_JSON, PROTOCOL_CBOR };
    for (int i = 0; i < 2; i++) {
        struct protocol_buffer text, message;
        protocol_buffer_init(&text, PROTOCOL_MESSAGE_BYTES);
        protocol_buffer_init(&message, PROTOCOL_MESSAGE_BYTES);
        daemon_metrics_write(&text, &metrics);
        protocol_buffer_bytes(&text, "", 1);
        assert_false(text.failed);
        protocol_encode_metrics(&message, encodings[i], (struct protocol_id){ 0 }, text.data);
        assert_false(message.failed);
        protocol_buffer_finish(&text);
        protocol_buffer_finish(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_listed_by_stream),
        cmocka_unit_test(buckets_add_up),
        cmocka_unit_test(one_stream_can_be_listed_alone),
        cmocka_unit_test(labels_have_few_values),
        cmocka_unit_test(families_come_once),
        cmocka_unit_test(as_many_streams_as_there_may_be_fit_into_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
