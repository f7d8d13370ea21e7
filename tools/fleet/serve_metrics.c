#include "tools/fleet/serve_metrics.h"

static void write_number(struct protocol_buffer *text, const char *name, const char *type,
                         const char *help, uint64_t value)
{
    protocol_buffer_text(text, "# HELP ");
    protocol_buffer_text(text, name);
    protocol_buffer_text(text, " ");
    protocol_buffer_text(text, help);
    protocol_buffer_text(text, "\n# TYPE ");
    protocol_buffer_text(text, name);
    protocol_buffer_text(text, " ");
    protocol_buffer_text(text, type);
    protocol_buffer_text(text, "\n");
    protocol_buffer_text(text, name);
    protocol_buffer_text(text, " ");
    protocol_buffer_uint(text, value);
    protocol_buffer_text(text, "\n");
}

void fleet_serve_metrics_write(struct protocol_buffer *text,
                               const struct fleet_upstream_counts *counts, int streams,
                               bool is_connected)
{
    write_number(text, "mocap_fleet_broker_up", "gauge", "Whether the broker is connected.",
                 is_connected);
    write_number(text, "mocap_fleet_streams", "gauge", "Streams offered.", (uint64_t)streams);
    write_number(text, "mocap_fleet_records_total", "counter", "Records received and handed on.",
                 counts->records);
    write_number(text, "mocap_fleet_missed_total", "counter",
                 "Records replaced by newer ones before they were read.", counts->missed);
    write_number(text, "mocap_fleet_refused_total", "counter",
                 "Messages from the broker that were not what they should be.", counts->refused);
    write_number(text, "mocap_fleet_stale_total", "counter",
                 "Messages of machines that had lost their lease.", counts->stale);
}
