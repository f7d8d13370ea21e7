// How much the loop does at once for those who ask for much: connections to be taken and
// requests to be answered, by the handful, with a pause after each. So a flood of
// either delays a record by no more than a handful takes. Thread: loop.
#pragma once

#include <stdbool.h>

#include <uv.h>

struct server_pace {
    uv_timer_t timer;      // runs while there was something to do
    int accepts, requests; // that are left until the pause is over
    // The pause is over: take up what was put off.
    void (*on_resume)(void *user);
    void *user;
};

void server_pace_init(struct server_pace *pace, uv_loop_t *loop, void (*on_resume)(void *user),
                      void *user);
void server_pace_close(struct server_pace *pace);

// True when one more may be taken now, which counts; else on_resume will be called.
bool server_pace_accept(struct server_pace *pace);

// True when one more may be answered now; else on_resume will be called.
bool server_pace_may_request(const struct server_pace *pace);
// One is answered.
void server_pace_request(struct server_pace *pace);
