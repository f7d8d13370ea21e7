#include "server/pace.h"

#include "server/limits.h"

static void fill(struct server_pace *pace)
{
    pace->accepts = SERVER_ACCEPTS_AT_ONCE;
    pace->requests = SERVER_REQUESTS_AT_ONCE;
}

static void on_timer(uv_timer_t *timer)
{
    struct server_pace *pace = timer->data;
    fill(pace);
    pace->on_resume(pace->user);
    if (pace->accepts == SERVER_ACCEPTS_AT_ONCE && pace->requests == SERVER_REQUESTS_AT_ONCE) {
        uv_timer_stop(timer);
    }
}

void server_pace_init(struct server_pace *pace, uv_loop_t *loop, void (*on_resume)(void *user),
                      void *user)
{
    pace->on_resume = on_resume;
    pace->user = user;
    uv_timer_init(loop, &pace->timer);
    pace->timer.data = pace;
    fill(pace);
}

void server_pace_close(struct server_pace *pace)
{
    uv_close((uv_handle_t *)&pace->timer, NULL);
}

// Begins to count: there is something to do.
static void start(struct server_pace *pace)
{
    if (!uv_is_active((uv_handle_t *)&pace->timer) && !uv_is_closing((uv_handle_t *)&pace->timer)) {
        fill(pace);
        uv_timer_start(&pace->timer, on_timer, SERVER_PAUSE_MS, SERVER_PAUSE_MS);
    }
}

bool server_pace_accept(struct server_pace *pace)
{
    start(pace);
    return pace->accepts > 0 && pace->accepts-- > 0;
}

bool server_pace_may_request(const struct server_pace *pace)
{
    return pace->requests > 0;
}

void server_pace_request(struct server_pace *pace)
{
    start(pace);
    pace->requests--;
}
