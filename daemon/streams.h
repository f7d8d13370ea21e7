// The daemon's streams while it runs. They may be added, changed and removed at any time. A
// stream's index is the publisher's. Thread: loop.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"

struct daemon_options;
struct daemon_running_stream;
struct daemon_stream_options;
struct daemon_streams;
struct pipeline_stats;
struct pipeline_workers;
struct protocol_calibration;
struct protocol_error;
struct protocol_request;
struct protocol_settings;
struct protocol_stream_status;
struct server_publisher;

struct daemon_streams_callbacks {
    // The last stream has ended or failed. any_failed: at least one failed; any_records: at least
    // one gave a record.
    void (*on_ended)(void *user, bool any_failed, bool any_records);
    // After daemon_streams_close: all are closed.
    void (*on_closed)(void *user);
    void *user;
};

// Without streams yet. Borrows the loop, the workers and the publisher, and copies the callbacks.
// Returns NULL and sets err when out of memory.
struct daemon_streams *daemon_streams_create(uv_loop_t *loop, struct server_publisher *publisher,
                                             struct pipeline_workers *workers,
                                             const struct daemon_streams_callbacks *callbacks,
                                             struct mc_error *err) MC_MUST_USE;

// Creates the streams of options, which the publisher was created with, without opening their
// sources. Once. On failure some may exist: close them all.
bool daemon_streams_open(struct daemon_streams *streams, const struct daemon_options *options,
                         struct mc_error *err) MC_MUST_USE;

// Starts them all, and those that are added from now on. Once.
void daemon_streams_start(struct daemon_streams *streams);

// ---- changes

// The stream called name; NULL when there is none.
struct daemon_running_stream *daemon_streams_find(const struct daemon_streams *streams,
                                                  const char *name);

// The stream with the index; NULL when there is none.
struct daemon_running_stream *daemon_streams_at(const struct daemon_streams *streams, int index);

// Adds the stream called own->name, a new name. Returns NULL and sets err on failure. Copies own.
struct daemon_running_stream *daemon_streams_add(struct daemon_streams *streams,
                                                 const struct daemon_options *options,
                                                 const struct daemon_stream_options *own,
                                                 struct mc_error *err);

// Removes a stream; its subscribers are told the reason. daemon_streams_check_ended is due when all
// changes are made.
void daemon_streams_remove(struct daemon_streams *streams, struct daemon_running_stream *stream,
                           const char *reason);

// Calls on_ended if there are streams and all of them have ended.
void daemon_streams_check_ended(struct daemon_streams *streams);

// ---- from the server

// The number of subscribers of some streams has changed: opens and closes what is on demand.
void daemon_streams_update_subscribers(struct daemon_streams *streams);

// While held, a stream gives no records: its subscribers cannot keep up.
void daemon_streams_hold(struct daemon_streams *streams, int index, bool held);

// Measures the faces of a stream, and gives the result to the publisher; and what else
// calibrate requests ask for: see calibrator.h.
bool daemon_streams_calibrate(struct daemon_streams *streams, int index,
                              const struct protocol_request *request, struct protocol_error *error);
bool daemon_streams_calibration(struct daemon_streams *streams, int index,
                                const struct protocol_request *request,
                                struct protocol_calibration *calibration,
                                struct protocol_error *error);

// Changes what settings has given and fills the rest: see tuning.h.
bool daemon_streams_settings(struct daemon_streams *streams, int index,
                             struct protocol_settings *settings, struct protocol_error *error);

// What a stream has done so far; zeros where there is none.
void daemon_streams_stats(const struct daemon_streams *streams, int index,
                          struct pipeline_stats *stats);

// Adds to the status what only the stream knows.
void daemon_streams_status(const struct daemon_streams *streams, int index,
                           struct protocol_stream_status *status);

// ---- the end

// Closes them all. Calls on_closed from the loop, or at once when none is open. Nothing else is
// called any more.
void daemon_streams_close(struct daemon_streams *streams);

// After on_closed, when the loop has run out. NULL does nothing.
void daemon_streams_destroy(struct daemon_streams *streams);
