// A source that is open only while its stream has subscribers: it opens with the first one, and
// closes a while after the last one left. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

struct pipeline_stream;

struct daemon_on_demand {
    uv_timer_t timer;               // runs while the source is open without subscribers
    struct pipeline_stream *stream; // borrowed; NULL: always open
    uint64_t linger_ms;
    bool open;
    void (*on_closed)(void *user);
    void *user;
};

// Pauses the stream, which must not be started yet.
void daemon_on_demand_init(struct daemon_on_demand *on_demand, uv_loop_t *loop,
                           struct pipeline_stream *stream, uint64_t linger_ms);

// The stream has this many subscribers now. Does nothing when zeroed or closed.
void daemon_on_demand_update(struct daemon_on_demand *on_demand, int subscribers);

// To be called before the stream is closed. Calls on_closed when the memory may be freed or used
// again: from the loop, or at once when it was always open.
void daemon_on_demand_close(struct daemon_on_demand *on_demand, void (*on_closed)(void *user),
                            void *user);
