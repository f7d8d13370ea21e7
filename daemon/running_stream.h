// One stream of the daemon while it runs: from its source to the publisher. Its options may change:
// the source is then opened again, and its records go on under the same name: seq, pts and ids
// rise. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "daemon/calibrator.h"
#include "daemon/on_demand.h"
#include "daemon/stream_plan.h"
#include "daemon/tuning.h"
#include "pipeline/stats.h"
#include "pipeline/stream.h"

struct pipeline_workers;
struct server_publisher;

// What all streams share; borrowed.
struct daemon_running_host {
    uv_loop_t *loop;
    struct server_publisher *publisher;
    struct pipeline_workers *workers;
    const struct daemon_profile_store *profiles;
    void (*on_ended)(void *user); // a stream has ended or failed
    void (*on_gone)(void *user);  // a stream that was closed is freed
    void *user;
};

struct daemon_running_stream {
    const struct daemon_running_host *host;
    int index; // in the publisher
    struct daemon_stream_plan plan;
    bool is_from_request; // added by a request, not by the configuration
    bool ended, failed, gave_records;

    // Private to running_stream.c.
    struct pipeline_stream *stream; // NULL: closed
    struct daemon_on_demand on_demand;
    struct daemon_calibrator calibrator;
    struct daemon_tuning tuning;
    bool started, held, closing; // closing: for good; otherwise to open again
    int open_parts;              // that are still to close
    // Of the records: those before the source was last opened anew count, too.
    uint64_t first_seq, next_seq, dropped_before;
    struct pipeline_stats stats_before; // likewise
    struct pipeline_continuation before;
};

// Creates the stream called own->name, published as index, without opening its source. Returns
// NULL and sets err on failure.
struct daemon_running_stream *daemon_running_stream_create(const struct daemon_running_host *host,
                                                           const struct daemon_options *options,
                                                           const struct daemon_stream_options *own,
                                                           int index,
                                                           struct mc_error *err) MC_MUST_USE;

void daemon_running_stream_start(struct daemon_running_stream *stream);

// Whether these options would change anything.
bool daemon_running_stream_differs(const struct daemon_running_stream *stream,
                                   const struct daemon_options *options,
                                   const struct daemon_stream_options *own);

// Takes over the options. Where only its motion is computed differently no frame is lost; otherwise
// the source is opened again.
void daemon_running_stream_change(struct daemon_running_stream *stream,
                                  const struct daemon_options *options,
                                  const struct daemon_stream_options *own);

// Its number of subscribers may have changed.
void daemon_running_stream_update(struct daemon_running_stream *stream);

void daemon_running_stream_hold(struct daemon_running_stream *stream, bool held);

// What it has done so far, however often its source was opened again.
void daemon_running_stream_stats(const struct daemon_running_stream *stream,
                                 struct pipeline_stats *stats);

// Whether it is open: calibrator and tuning may be used.
bool daemon_running_stream_is_open(const struct daemon_running_stream *stream);

// Closes it; it is gone from the publisher already. Nothing but on_gone is called any more, which
// may be at once.
void daemon_running_stream_close(struct daemon_running_stream *stream);
