// Bounds the work the loop does at once for connections: a few are accepted and a few
// requests are answered, then comes a pause. A flood of either delays a record by no more
// than one such batch takes. Thread: loop.
#pragma once

#include <stdbool.h>

#include <uv.h>

enum {
    SERVER_PAUSE_MS = 2,         // between two batches
    SERVER_ACCEPTS_AT_ONCE = 3,  // connections accepted in a batch
    SERVER_REQUESTS_AT_ONCE = 3, // requests answered in a batch, over all connections
};

struct server_rate_limit {
    uv_timer_t timer;                // runs while there is work
    int accepts_left, requests_left; // until the pause is over
    void (*on_resume)(void *user);   // the pause is over: resume what was put off
    void *user;
};

void server_rate_limit_init(struct server_rate_limit *limit, uv_loop_t *loop,
                            void (*on_resume)(void *user), void *user);
void server_rate_limit_close(struct server_rate_limit *limit);

// True when one more connection may be accepted now, which counts as accepted; otherwise
// on_resume will be called.
bool server_rate_limit_accept(struct server_rate_limit *limit);

// True when one more request may be answered now; otherwise on_resume will be called.
bool server_rate_limit_may_request(const struct server_rate_limit *limit);
// Counts an answered request.
void server_rate_limit_request(struct server_rate_limit *limit);
