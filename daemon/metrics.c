#include "daemon/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/compiler.h"
#include "pipeline/stats.h"

static void write_line(struct protocol_buffer *text, const char *format, ...) MC_PRINTF(2, 3);
static void write_line(struct protocol_buffer *text, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    protocol_buffer_text(text, line);
    protocol_buffer_text(text, "\n");
}

static void write_head(struct protocol_buffer *text, const char *name, const char *type,
                       const char *help)
{
    write_line(text, "# HELP %s %s", name, help);
    write_line(text, "# TYPE %s %s", name, type);
}

// A number of one stream. The text lists all streams for each number.
typedef double stream_number_fn(const struct protocol_stream_status *status,
                                const struct pipeline_stats *stats);

static double captured(const struct protocol_stream_status *status,
                       const struct pipeline_stats *stats)
{
    return (double)stats->captured;
}

static double decoded(const struct protocol_stream_status *status,
                      const struct pipeline_stats *stats)
{
    return (double)stats->decoded;
}

static double damaged(const struct protocol_stream_status *status,
                      const struct pipeline_stats *stats)
{
    return (double)stats->damaged;
}

static double published(const struct protocol_stream_status *status,
                        const struct pipeline_stats *stats)
{
    return (double)stats->published;
}

static double source_up(const struct protocol_stream_status *status,
                        const struct pipeline_stats *stats)
{
    return stats->up;
}

static double reconnects(const struct protocol_stream_status *status,
                         const struct pipeline_stats *stats)
{
    return stats->connects > 0 ? (double)(stats->connects - 1) : 0;
}

static double subjects(const struct protocol_stream_status *status,
                       const struct pipeline_stats *stats)
{
    return stats->faces;
}

static double subscribers(const struct protocol_stream_status *status,
                          const struct pipeline_stats *stats)
{
    return status->subscribers;
}

static const struct {
    const char *name, *type, *help;
    stream_number_fn *number;
} stream_numbers[] = {
    { "mocapd_source_up", "gauge", "1 while frames arrive, else 0.", source_up },
    { "mocapd_source_reconnects_total", "counter", "Times the source was reopened.", reconnects },
    { "mocapd_frames_captured_total", "counter", "Packets read.", captured },
    { "mocapd_frames_decoded_total", "counter", "Frames decoded.", decoded },
    { "mocapd_frames_damaged_total", "counter", "Decoded frames with errors in them.", damaged },
    { "mocapd_frames_published_total", "counter", "Records published.", published },
    { "mocapd_subjects", "gauge", "Faces in the last record.", subjects },
    { "mocapd_subscribers", "gauge", "Connections that have subscribed to the stream.",
      subscribers },
};

static void write_stream_numbers(struct protocol_buffer *text, const struct daemon_metrics *metrics)
{
    for (size_t n = 0; n < sizeof stream_numbers / sizeof stream_numbers[0]; n++) {
        write_head(text, stream_numbers[n].name, stream_numbers[n].type, stream_numbers[n].help);
        for (int i = metrics->first; i < metrics->end; i++) {
            const struct protocol_stream_status *status = &metrics->status->streams[i];
            write_line(text, "%s{stream=\"%s\"} %.17g", stream_numbers[n].name, status->stream,
                       stream_numbers[n].number(status, &metrics->stats[i]));
        }
    }
}

static void write_drops(struct protocol_buffer *text, const struct daemon_metrics *metrics)
{
    const char *name = "mocapd_frames_dropped_total";
    write_head(text, name, "counter",
               "Frames without a record, and records that subscribers missed, by cause.");
    for (int i = metrics->first; i < metrics->end; i++) {
        for (int cause = 0; cause < PIPELINE_DROP_COUNT; cause++) {
            write_line(text, "%s{stream=\"%s\",reason=\"%s\"} %llu", name,
                       metrics->status->streams[i].stream,
                       pipeline_drop_name((enum pipeline_drop)cause),
                       (unsigned long long)metrics->stats[i].dropped[cause]);
        }
        write_line(text, "%s{stream=\"%s\",reason=\"subscriber\"} %llu", name,
                   metrics->status->streams[i].stream,
                   (unsigned long long)metrics->status->streams[i].drops.subscriber);
    }
}

// labels come without their braces.
static void write_histogram(struct protocol_buffer *text, const char *name, const char *labels,
                            const struct pipeline_histogram *histogram)
{
    unsigned long long count = 0;
    for (int i = 0; i < PIPELINE_HISTOGRAM_BOUNDS; i++) {
        count += histogram->counts[i];
        write_line(text, "%s_bucket{%s,le=\"%g\"} %llu", name, labels, pipeline_histogram_bounds[i],
                   count);
    }
    count += histogram->counts[PIPELINE_HISTOGRAM_BOUNDS];
    write_line(text, "%s_bucket{%s,le=\"+Inf\"} %llu", name, labels, count);
    write_line(text, "%s_sum{%s} %.9g", name, labels, histogram->sum_s);
    write_line(text, "%s_count{%s} %llu", name, labels, count);
}

static void write_histograms(struct protocol_buffer *text, const struct daemon_metrics *metrics)
{
    char labels[PROTOCOL_NAME_BYTES + 64];
    write_head(text, "mocapd_e2e_latency_seconds", "histogram",
               "Time from a frame's arrival to the publication of its record.");
    for (int i = metrics->first; i < metrics->end; i++) {
        snprintf(labels, sizeof labels, "stream=\"%s\"", metrics->status->streams[i].stream);
        write_histogram(text, "mocapd_e2e_latency_seconds", labels, &metrics->stats[i].latency);
    }
    write_head(text, "mocapd_stage_seconds", "histogram",
               "Time that a frame spends in each stage.");
    for (int i = metrics->first; i < metrics->end; i++) {
        for (int stage = 0; stage < PIPELINE_STAGE_COUNT; stage++) {
            snprintf(labels, sizeof labels, "stream=\"%s\",stage=\"%s\"",
                     metrics->status->streams[i].stream,
                     pipeline_stage_name((enum pipeline_stage)stage));
            write_histogram(text, "mocapd_stage_seconds", labels, &metrics->stats[i].stages[stage]);
        }
    }
}

// Connections have no lines of their own: a label with a number for each that ever came would
// make Prometheus keep a time series for every one. What they missed is in the drops of reason
// subscriber.
static void write_connections(struct protocol_buffer *text, const struct daemon_metrics *metrics)
{
    write_head(text, "mocapd_connections", "gauge", "Connections to the socket.");
    write_line(text, "mocapd_connections %d", metrics->status->connections);
}

static double resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%lu %lu", &size, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void write_process(struct protocol_buffer *text, const struct daemon_metrics *metrics)
{
    struct rusage usage = { 0 };
    getrusage(RUSAGE_SELF, &usage);
    double cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    write_head(text, "mocapd_build_info", "gauge", "Version of mocapd; always 1.");
    write_line(text, "mocapd_build_info{version=\"%s\"} 1", metrics->version);
    write_head(text, "mocapd_network_info", "gauge",
               "The precision that each network runs in; always 1.");
    for (int i = 0; i < metrics->status->network_count; i++) {
        const struct protocol_network_status *network = &metrics->status->networks[i];
        write_line(text, "mocapd_network_info{network=\"%s\",precision=\"%s\"} 1", network->network,
                   network->precision);
    }
    write_head(text, "mocapd_uptime_seconds", "gauge", "Time since the daemon started.");
    write_line(text, "mocapd_uptime_seconds %.3f", metrics->status->uptime_s);
    write_head(text, "process_cpu_seconds_total", "counter", "User and system CPU time.");
    write_line(text, "process_cpu_seconds_total %.6f", cpu_s);
    write_head(text, "process_resident_memory_bytes", "gauge", "Resident memory.");
    write_line(text, "process_resident_memory_bytes %.0f", resident_bytes());
}

void daemon_metrics_write(struct protocol_buffer *text, const struct daemon_metrics *metrics)
{
    write_stream_numbers(text, metrics);
    write_drops(text, metrics);
    write_histograms(text, metrics);
    write_connections(text, metrics);
    write_process(text, metrics);
}
