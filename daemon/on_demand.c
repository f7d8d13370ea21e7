#include "daemon/on_demand.h"

#include <stddef.h>

#include "pipeline/stream.h"

void daemon_on_demand_sources_init(struct daemon_on_demand_sources *demand, uv_loop_t *loop,
                                   struct pipeline_stream *stream, uint64_t linger_ms)
{
    *demand = (struct daemon_on_demand_sources){ .stream = stream, .linger_ms = linger_ms };
    uv_timer_init(loop, &demand->timer);
    demand->timer.data = demand;
    pipeline_stream_pause(stream, true);
}

static void on_timer(uv_timer_t *timer)
{
    struct daemon_on_demand_sources *demand = timer->data;
    demand->open = false;
    pipeline_stream_pause(demand->stream, true);
}

void daemon_on_demand_sources_update(struct daemon_on_demand_sources *demand, int subscribers)
{
    if (demand->stream == NULL) {
        return;
    }
    if (subscribers > 0) {
        uv_timer_stop(&demand->timer);
        if (!demand->open) {
            demand->open = true;
            pipeline_stream_pause(demand->stream, false);
        }
    } else if (demand->open && !uv_is_active((const uv_handle_t *)&demand->timer)) {
        uv_timer_start(&demand->timer, on_timer, demand->linger_ms, 0);
    }
}

void daemon_on_demand_sources_close(struct daemon_on_demand_sources *demand)
{
    if (demand->stream != NULL) {
        demand->stream = NULL;
        uv_close((uv_handle_t *)&demand->timer, NULL);
    }
}
