#include "daemon/on_demand.h"

#include <stddef.h>

#include "pipeline/stream.h"

void daemon_on_demand_init(struct daemon_on_demand *on_demand, uv_loop_t *loop,
                           struct pipeline_stream *stream, uint64_t linger_ms)
{
    *on_demand = (struct daemon_on_demand){ .stream = stream, .linger_ms = linger_ms };
    uv_timer_init(loop, &on_demand->timer);
    on_demand->timer.data = on_demand;
    pipeline_stream_pause(stream, true);
}

static void on_timer(uv_timer_t *timer)
{
    struct daemon_on_demand *on_demand = timer->data;
    on_demand->open = false;
    pipeline_stream_pause(on_demand->stream, true);
}

void daemon_on_demand_update(struct daemon_on_demand *on_demand, int subscribers)
{
    if (on_demand->stream == NULL) {
        return;
    }
    if (subscribers > 0) {
        uv_timer_stop(&on_demand->timer);
        if (!on_demand->open) {
            on_demand->open = true;
            pipeline_stream_pause(on_demand->stream, false);
        }
    } else if (on_demand->open && !uv_is_active((const uv_handle_t *)&on_demand->timer)) {
        uv_timer_start(&on_demand->timer, on_timer, on_demand->linger_ms, 0);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    const struct daemon_on_demand *on_demand = handle->data;
    on_demand->on_closed(on_demand->user);
}

void daemon_on_demand_close(struct daemon_on_demand *on_demand, void (*on_closed)(void *user),
                            void *user)
{
    if (on_demand->stream == NULL) {
        on_closed(user);
        return;
    }
    on_demand->stream = NULL;
    on_demand->on_closed = on_closed;
    on_demand->user = user;
    uv_close((uv_handle_t *)&on_demand->timer, on_timer_closed);
}
