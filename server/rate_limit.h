// How much the loop does at once for those who ask for much: connections to be taken and
// requests to be answered, by the handful, with a pause after each. So a flood of
// either delays a record by no more than a handful takes. Thread: loop.
#pragma once

#include <stdbool.h>

#include <uv.h>

struct server_rate_limit {
    uv_timer_t timer;      // runs while there was something to do
    int accepts, requests; // that are left until the pause is over
    // The pause is over: take up what was put off.
    void (*on_resume)(void *user);
    void *user;
};

void server_rate_limit_init(struct server_rate_limit *pace, uv_loop_t *loop,
                            void (*on_resume)(void *user), void *user);
void server_rate_limit_close(struct server_rate_limit *pace);

// True when one more may be taken now, which counts; else on_resume will be called.
bool server_rate_limit_accept(struct server_rate_limit *pace);

// True when one more may be answered now; else on_resume will be called.
bool server_rate_limit_may_request(const struct server_rate_limit *pace);
// One is answered.
void server_rate_limit_request(struct server_rate_limit *pace);
