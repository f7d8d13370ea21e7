// A stream's parts, shared by stream.c (life cycle), stream_job.c (one frame at a worker)
// and stream_result.c (records and statistics) alone. Thread: loop, where nothing else
// is said.
//
// A job is free, then at a worker, then done: its record waits for the loop. The worker may still
// look at the frame then, so the job is free again only when both have finished with it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "pipeline/motion/motion.h"
#include "pipeline/source/capture.h"
#include "pipeline/stats.h"
#include "pipeline/stream.h"
#include "pipeline/track/tracker.h"
#include "pipeline/worker.h"
#include "protocol/record.h"

struct pipeline_frame;
struct pipeline_frame_pool;
struct pipeline_mailbox;
struct pipeline_reorder;

// A frame that a worker has, or that waits for an earlier one.
struct pipeline_stream_job {
    struct pipeline_job base; // first
    struct pipeline_stream *stream;
    struct pipeline_stream_job *next; // that is free, or done; guarded by the workers' lock,
    bool at_worker, at_loop;          // likewise: whether each still uses it
    struct pipeline_frame *frame;     // owned; NULL while the job is free
    uint64_t sequence;
    struct pipeline_observations observations;
    struct protocol_record record;
    struct mc_error err; // why a region could not be read
};

struct pipeline_stream {
    struct pipeline_job_source source; // first
    struct pipeline_workers *workers;  // borrowed
    struct pipeline_stream_callbacks callbacks;
    char name[PROTOCOL_NAME_BYTES];
    char *url; // owned
    bool every_frame, repeat, drop_damaged, udp, isolate;
    struct pipeline_display_options display_options;
    int64_t max_pixels;
    struct pipeline_display_transform display; // of the last record's frame
    double pts;                                // likewise
    unsigned session;                          // likewise
    int64_t arrival_ns;                        // likewise
    enum pipeline_mode mode;
    struct pipeline_roi fixed_roi;   // FIXED
    struct pipeline_tracker tracker; // TRACK; the worker's while there is a job
    bool has_motion;
    struct pipeline_motion motion;
    void (*on_calibrated)(void *user, const struct pipeline_calibrated *calibrated);
    void *on_calibrated_user;

    uv_async_t wake;
    uv_timer_t stall_timer;
    int open_handles;
    struct pipeline_frame_pool *pool;
    struct pipeline_mailbox *mailbox;
    struct pipeline_reorder *reorder;
    struct pipeline_capture *capture;
    struct pipeline_capture_counts counts; // the capture's
    struct pipeline_stats stats;           // the loop's: published, faces, stages, latency
    struct pipeline_stream_job *jobs;
    int job_count;

    // Guarded by the workers' lock.
    struct pipeline_stream_job *free_jobs, *done_jobs;
    int busy_jobs;
    uint64_t sequence; // of the next frame to go to a worker
    bool held;

    bool had_face; // the last record; FIXED, FULL
    int face_id;   // the last that was given
    struct mc_log_limit log_limit;

    bool has_reported;         // on_state was called
    enum pipeline_state state; // as reported
    char reason[PIPELINE_REASON_BYTES];
    struct pipeline_state_report report; // the capture's latest
    bool closing, has_handles;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

// In stream_job.c.

// Prepares the stream's jobs, all free, and offers them to its workers once the stream is added to
// them.
void pipeline_stream_init_jobs(struct pipeline_stream *stream);

// Delivers the records of the jobs that are done, in frame order.
void pipeline_stream_deliver_done(struct pipeline_stream *stream);

// Whether no frame is at a worker or on its way.
bool pipeline_stream_is_drained(struct pipeline_stream *stream);

// In stream_result.c.

// Makes the job's observations a record, with motion, and publishes it. While closing
// does nothing.
void pipeline_stream_deliver(struct pipeline_stream *stream, struct pipeline_stream_job *job);

// Reports the end of a calibration to its requester.
void pipeline_stream_check_calibration(struct pipeline_stream *stream);

// Frames without a record so far, for all causes. Any thread.
uint64_t pipeline_stream_dropped(const struct pipeline_stream *stream);
