#include "tools/fleet/work_metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

enum { LOG_MS = 60000 };

static void write_number(FILE *file, const char *name, const char *type, const char *help,
                         double value)
{
    fprintf(file, "# HELP mocap_fleet_%s %s\n# TYPE mocap_fleet_%s %s\nmocap_fleet_%s %.10g\n",
            name, help, name, type, name, value);
}

static void write_all(FILE *file, const struct fleet_member *member,
                      const struct fleet_local_state *state, int64_t now_ns)
{
    const struct fleet_member_counts *counts = &member->counts;
    int owned = 0, orphans = 0;
    for (int i = 0; i < member->roster.stream_count; i++) {
        owned += fleet_member_owns(member, member->roster.streams[i]);
        orphans += member->roster.streams[i]->orphan_ns >= 0;
    }
    write_number(file, "lease_proven", "gauge", "Whether streams may be published now.",
                 fleet_lease_is_proven(&member->lease, now_ns));
    write_number(file, "mocapd_up", "gauge", "Whether the local mocapd is connected.",
                 state->is_connected);
    write_number(file, "owned_streams", "gauge", "Streams that this machine watches.", owned);
    write_number(file, "orphaned_streams", "gauge", "Streams that no machine watches.", orphans);
    write_number(file, "refused_streams", "gauge", "Streams that the local mocapd refuses.",
                 state->refused);
    write_number(file, "capacity_streams", "gauge", "Streams that this machine could watch.",
                 member->capacity);
    write_number(file, "busy_ratio", "gauge", "Part of the processors' time that is used.",
                 member->busy);
    write_number(file, "latency_seconds", "gauge",
                 "From a frame's arrival to its record, smoothed mean.", member->latency_ms / 1e3);
    write_number(file, "taken_total", "counter", "Streams taken.", (double)counts->taken);
    write_number(file, "given_total", "counter", "Streams given back.", (double)counts->given);
    write_number(file, "lost_total", "counter", "Streams lost with the lease.",
                 (double)counts->lost);
    write_number(file, "lapses_total", "counter", "Times that the lease was not renewed in time.",
                 (double)counts->lapses);
    write_number(file, "ended_total", "counter", "Silent workers whose lease was ended.",
                 (double)counts->ended);
    write_number(file, "conflicts_total", "counter",
                 "Writes rejected because another worker wrote first.", (double)counts->conflicts);
}

void fleet_work_metrics_write(const char *path, const struct fleet_member *member,
                              const struct fleet_local_state *state, int64_t now_ns)
{
    static struct mc_log_limit limit;
    struct mc_error err = { 0 };
    char *text = NULL;
    size_t length = 0;
    unsigned skipped;
    FILE *memory = open_memstream(&text, &length);
    if (memory != NULL) {
        write_all(memory, member, state, now_ns);
    }
    bool good = (memory != NULL && fclose(memory) == 0) ||
                mc_error_set(&err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    const struct mc_file_part part = { text, length };
    good = good && mc_file_replace_volatile(path, &part, 1, 0666, &err);
    free(text);
    if (!good && mc_log_limit_pass(&limit, LOG_MS * MC_NS_PER_MS, &skipped)) {
        mc_log(MC_LOG_WARNING, "%s", err.message);
    }
}
