// From records to subscribers: each record is encoded once in every form that was
// asked for, and goes to all who asked for it. It answers their requests, too. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "server/limits.h"

struct server_publisher;
struct protocol_buffer;
struct protocol_record;
struct protocol_status;
struct protocol_stream_status;

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
    // Adds to the status what the streams alone know: drops before publishing, connects.
    // NULL: they know nothing.
    void (*on_status)(void *user, int stream, struct protocol_stream_status *status);
    // Writes the metrics of one stream, or of all where it is -1, and of the process.
    // NULL: this server has none.
    void (*on_metrics)(void *user, int stream, struct protocol_buffer *text);
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

// Fills all but the id and missed, which belong to a connection.
void server_publisher_status(const struct server_publisher *publisher,
                             struct protocol_status *status);

struct server_connection {
    unsigned long number;  // as in log lines
    int pid;               // -1 when unknown
    uint64_t sent, missed; // records
};

// Copies the latest connections, the newest first, at most count; returns how many.
int server_publisher_connections(const struct server_publisher *publisher,
                                 struct server_connection *connections, int count);

// How many connections have subscribed to the stream; -1: to any.
int server_publisher_count(const struct server_publisher *publisher, int stream);

// Lets every connection read what waits for it, as long as it does read, then
// closes it. Calls on_finished, from the loop, when none is left.
void server_publisher_finish(struct server_publisher *publisher);

// After on_finished, once the loop has run out; or when none was ever accepted.
void server_publisher_destroy(struct server_publisher *publisher);
