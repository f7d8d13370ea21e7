// From records to subscribers: each record is encoded once in every form that was
// asked for, and goes to all who asked for it. It answers their requests, too. Thread: loop.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"
#include "server/limits.h"

struct server_publisher;
struct protocol_record;

struct server_publisher_options {
    const char *server;        // for the greeting: "mocapd 0.1.0"
    const char (*streams)[64]; // their names; PROTOCOL_NAME_BYTES each
    int stream_count;          //
    int workers;               // for status
    bool every_frame;          // lose nothing: see on_pressure
    struct server_limits limits;
};

struct server_publisher_callbacks {
    // So many connections have subscribed to something, now.
    void (*on_subscribed)(void *user, int count);
    // With every_frame: readers of the stream are behind, or no longer.
    void (*on_pressure)(void *user, int stream, bool held);
    // The neutral face of the stream is to be measured: server_publisher_calibrated
    // tells when it is. NULL: this server can't.
    void (*on_calibrate)(void *user, int stream);
    // After server_publisher_finish: all connections are closed.
    void (*on_finished)(void *user);
    void *user;
};

// Copies what it needs of options.
struct server_publisher *server_publisher_create(uv_loop_t *loop,
                                                 const struct server_publisher_options *options,
                                                 const struct server_publisher_callbacks *callbacks,
                                                 struct mc_error *err) MC_MUST_USE;

// Takes the connection that waits on the listener and greets it; a little later when
// very many come.
void server_publisher_accept(struct server_publisher *publisher, uv_stream_t *listener);

// Numbers are those of the stream in options. Sets the record's t_publish_ns.
void server_publisher_record(struct server_publisher *publisher, int stream,
                             struct protocol_record *record);
void server_publisher_state(struct server_publisher *publisher, int stream, const char *state,
                            const char *reason);
// The stream's last message, with its state as it is.
void server_publisher_end(struct server_publisher *publisher, int stream);

// The neutral face of so many faces was measured, perhaps 0: answers those who asked.
void server_publisher_calibrated(struct server_publisher *publisher, int stream, int faces);

// Lets every connection read what waits for it, as long as it does read, then
// closes it. Calls on_finished, from the loop, when none is left.
void server_publisher_finish(struct server_publisher *publisher);

// After on_finished, once the loop has run out; or when none was ever accepted.
void server_publisher_destroy(struct server_publisher *publisher);
