#include "tools/fleet/local_load.h"

#include <stdlib.h>
#include <string.h>

#define STREAM_LABEL "{stream=\""

static struct fleet_stream_counts *find(struct fleet_local_counts *counts, const char *name,
                                        size_t length)
{
    for (int i = 0; i < counts->stream_count; i++) {
        struct fleet_stream_counts *stream = &counts->streams[i];
        if (strlen(stream->stream) == length && memcmp(stream->stream, name, length) == 0) {
            return stream;
        }
    }
    return NULL;
}

static struct fleet_stream_counts *find_or_add(struct fleet_local_counts *counts, const char *name,
                                               size_t length)
{
    struct fleet_stream_counts *stream = find(counts, name, length);
    if (stream == NULL && length < PROTOCOL_NAME_BYTES &&
        counts->stream_count < PROTOCOL_STREAMS_MAX) {
        stream = &counts->streams[counts->stream_count++];
        *stream = (struct fleet_stream_counts){ 0 };
        memcpy(stream->stream, name, length);
    }
    return stream;
}

// What the value of the metric counts; NULL: nothing of the load.
static double *find_count(struct fleet_stream_counts *stream, const char *metric, const char *rest)
{
    static const char mailbox[] = ",reason=\"mailbox\"}";
    if (strcmp(metric, "mocapd_e2e_latency_seconds_sum") == 0) {
        return &stream->latency_sum_s;
    }
    if (strcmp(metric, "mocapd_e2e_latency_seconds_count") == 0) {
        return &stream->records;
    }
    return strcmp(metric, "mocapd_frames_dropped_total") == 0 &&
                   strncmp(rest, mailbox, sizeof mailbox - 1) == 0
               ? &stream->dropped
               : NULL;
}

// A line: METRIC{stream="NAME"...} VALUE
static void read_line(struct fleet_local_counts *counts, const char *line, const char *end)
{
    char metric[64];
    const char *label = memmem(line, (size_t)(end - line), STREAM_LABEL, strlen(STREAM_LABEL));
    const char *space = memrchr(line, ' ', (size_t)(end - line));
    if (label == NULL || (size_t)(label - line) >= sizeof metric || space == NULL) {
        return;
    }
    memcpy(metric, line, (size_t)(label - line));
    metric[label - line] = '\0';
    const char *name = label + strlen(STREAM_LABEL);
    const char *quote = memchr(name, '"', (size_t)(end - name));
    struct fleet_stream_counts *stream =
        quote != NULL ? find_or_add(counts, name, (size_t)(quote - name)) : NULL;
    double *count = stream != NULL ? find_count(stream, metric, quote + 1) : NULL;
    if (count != NULL) {
        *count = strtod(space, NULL);
    }
}

static void read_metrics(struct fleet_local_counts *counts, const char *text)
{
    *counts = (struct fleet_local_counts){ 0 };
    for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        read_line(counts, line, end);
    }
}

void fleet_local_load_measure(struct fleet_local_counts *counts, const char *metrics,
                              struct fleet_load *load)
{
    struct fleet_local_counts now;
    double latency_s = 0, records = 0, dropped = 0;
    read_metrics(&now, metrics);
    for (int i = 0; i < now.stream_count; i++) {
        const struct fleet_stream_counts *later = &now.streams[i];
        const struct fleet_stream_counts *earlier =
            find(counts, later->stream, strlen(later->stream));
        // All three only rise, until the stream is added or mocapd is started again.
        if (earlier != NULL && later->latency_sum_s >= earlier->latency_sum_s &&
            later->records >= earlier->records && later->dropped >= earlier->dropped) {
            latency_s += later->latency_sum_s - earlier->latency_sum_s;
            records += later->records - earlier->records;
            dropped += later->dropped - earlier->dropped;
        }
    }
    load->latency_ms = records > 0 ? 1e3 * latency_s / records : 0;
    load->dropped = records > 0 ? dropped / (dropped + records) : 0;
    *counts = now;
}
