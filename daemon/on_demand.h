// A camera that is open only while somebody asks for it: it opens with the first
// subscriber and closes a while after the last. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

struct pipeline_stream;

struct daemon_on_demand_sources {
    uv_timer_t timer;               // runs while nobody asks and it is still open
    struct pipeline_stream *stream; // borrowed; NULL: not on demand
    uint64_t linger_ms;
    bool open;
};

// Pauses the stream, which isn't started yet.
void daemon_on_demand_sources_init(struct daemon_on_demand_sources *demand, uv_loop_t *loop,
                                   struct pipeline_stream *stream, uint64_t linger_ms);

// So many ask for it, now. Does nothing when zeroed or closed.
void daemon_on_demand_sources_update(struct daemon_on_demand_sources *demand, int subscribers);

// Before the stream is closed. The loop has to run before the memory goes.
void daemon_on_demand_sources_close(struct daemon_on_demand_sources *demand);
