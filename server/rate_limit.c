#include "server/rate_limit.h"

#include "server/limits.h"

static void fill(struct server_rate_limit *pace)
{
    pace->accepts = SERVER_ACCEPTS_AT_ONCE;
    pace->requests = SERVER_REQUESTS_AT_ONCE;
}

static void on_timer(uv_timer_t *timer)
{
    struct server_rate_limit *pace = timer->data;
    fill(pace);
    pace->on_resume(pace->user);
    if (pace->accepts == SERVER_ACCEPTS_AT_ONCE && pace->requests == SERVER_REQUESTS_AT_ONCE) {
        uv_timer_stop(timer);
    }
}

void server_rate_limit_init(struct server_rate_limit *pace, uv_loop_t *loop,
                            void (*on_resume)(void *user), void *user)
{
    pace->on_resume = on_resume;
    pace->user = user;
    uv_timer_init(loop, &pace->timer);
    pace->timer.data = pace;
    fill(pace);
}

void server_rate_limit_close(struct server_rate_limit *pace)
{
    uv_close((uv_handle_t *)&pace->timer, NULL);
}

// Begins to count: there is something to do.
static void start(struct server_rate_limit *pace)
{
    if (!uv_is_active((uv_handle_t *)&pace->timer) && !uv_is_closing((uv_handle_t *)&pace->timer)) {
        fill(pace);
        uv_timer_start(&pace->timer, on_timer, SERVER_PAUSE_MS, SERVER_PAUSE_MS);
    }
}

bool server_rate_limit_accept(struct server_rate_limit *pace)
{
    start(pace);
    return pace->accepts > 0 && pace->accepts-- > 0;
}

bool server_rate_limit_may_request(const struct server_rate_limit *pace)
{
    return pace->requests > 0;
}

void server_rate_limit_request(struct server_rate_limit *pace)
{
    start(pace);
    pace->requests--;
}
