#include "tools/fleet/local_load.h"

#include <stdlib.h>
#include <string.h>

// The sum of the values of all lines that begin so and have the label.
static double sum_metrics(const char *text, const char *beginning, const char *label)
{
    double sum = 0;
    const size_t length = strlen(beginning);
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        const char *space = end == NULL ? NULL : memrchr(line, ' ', (size_t)(end - line));
        if (space != NULL && strncmp(line, beginning, length) == 0 &&
            memmem(line, (size_t)(space - line), label, strlen(label)) != NULL) {
            sum += strtod(space, NULL);
        }
        line = end == NULL ? NULL : end + 1;
    }
    return sum;
}

void fleet_local_load_measure(struct fleet_local_counts *counts, const char *metrics,
                              struct fleet_load *load)
{
    const struct fleet_local_counts now = {
        .latency_sum_s = sum_metrics(metrics, "mocapd_e2e_latency_seconds_sum", ""),
        .records = sum_metrics(metrics, "mocapd_e2e_latency_seconds_count", ""),
        .dropped = sum_metrics(metrics, "mocapd_frames_dropped_total", "reason=\"mailbox\""),
    };
    const double records = now.records - counts->records; // negative: mocapd was started again
    const double dropped = now.dropped - counts->dropped;
    load->latency_ms =
        records > 0 ? 1e3 * (now.latency_sum_s - counts->latency_sum_s) / records : 0;
    load->dropped = records > 0 && dropped > 0 ? dropped / (dropped + records) : 0;
    *counts = now;
}
