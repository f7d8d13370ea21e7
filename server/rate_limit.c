#include "server/rate_limit.h"

static void fill(struct server_rate_limit *limit)
{
    limit->accepts_left = SERVER_ACCEPTS_AT_ONCE;
    limit->requests_left = SERVER_REQUESTS_AT_ONCE;
}

static void on_timer(uv_timer_t *timer)
{
    struct server_rate_limit *limit = timer->data;
    fill(limit);
    limit->on_resume(limit->user);
    if (limit->accepts_left == SERVER_ACCEPTS_AT_ONCE &&
        limit->requests_left == SERVER_REQUESTS_AT_ONCE) {
        uv_timer_stop(timer);
    }
}

void server_rate_limit_init(struct server_rate_limit *limit, uv_loop_t *loop,
                            void (*on_resume)(void *user), void *user)
{
    limit->on_resume = on_resume;
    limit->user = user;
    uv_timer_init(loop, &limit->timer);
    limit->timer.data = limit;
    fill(limit);
}

void server_rate_limit_close(struct server_rate_limit *limit)
{
    uv_close((uv_handle_t *)&limit->timer, NULL);
}

// There is work: starts counting.
static void start(struct server_rate_limit *limit)
{
    if (!uv_is_active((uv_handle_t *)&limit->timer) &&
        !uv_is_closing((uv_handle_t *)&limit->timer)) {
        fill(limit);
        uv_timer_start(&limit->timer, on_timer, SERVER_PAUSE_MS, SERVER_PAUSE_MS);
    }
}

bool server_rate_limit_accept(struct server_rate_limit *limit)
{
    start(limit);
    return limit->accepts_left > 0 && limit->accepts_left-- > 0;
}

bool server_rate_limit_may_request(const struct server_rate_limit *limit)
{
    return limit->requests_left > 0;
}

void server_rate_limit_request(struct server_rate_limit *limit)
{
    start(limit);
    limit->requests_left--;
}
