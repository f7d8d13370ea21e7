// The parts of a capture: its thread (capture.c) and the sessions that it runs
// (capture_session.c), in this process or in one of their own (isolate/). Private to these.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/source/backoff.h"
#include "pipeline/source/capture.h"
#include "pipeline/source/decode_load.h"
#include "pipeline/source/fault.h"
#include "pipeline/source/lateness.h"
#include "pipeline/source/playout.h"
#include "pipeline/source/pts_clock.h"
#include "pipeline/source/stop.h"

enum { URL_SHOWN_BYTES = 128 };

struct AVPacket;
struct pipeline_decoder;
struct pipeline_source;

struct pipeline_capture {
    struct pipeline_capture_options options;
    char *url; // owned
    char shown_url[URL_SHOWN_BYTES];
    pthread_t thread;
    struct pipeline_stop stop;
    atomic_bool done;
    atomic_int_fast64_t last_frame_ns; // of a live source; 0: none expected

    // The thread's own.
    struct AVPacket *packet;
    struct pipeline_backoff backoff;
    struct pipeline_pts_clock clock;
    struct pipeline_lateness lateness;
    struct pipeline_display_reader display;
    struct pipeline_playout playout;
    struct pipeline_decode_load load;
    bool threaded;                  // the decoder has threads
    int64_t skipped;                // frames that the decoder left out, as counted so far
    double skip_s;                  // of a file's packets that are left out before they are decoded
    double late_s;                  // the last frame
    int64_t delivered_ns;           // the last frame
    bool reached_end;               // the last session
    struct pipeline_source *source; // while connected
    struct pipeline_decoder *decoder; // while connected
    uint64_t session_frames;          // since the source was opened
    uint64_t late_before;             // late frames by then, of all sessions
    int64_t session_start_ns;
    bool hopeless;             // frames keep arriving late: reconnect
    enum pipeline_fault fault; // why the last session was lost
    int deaths;                // of its decoder process, in a row

    pthread_mutex_t lock; // guards all below
    pthread_cond_t asked; // one of these changed
    bool started, stopping, paused;
    struct pipeline_state_report report;
};

// What a session has to know about those before it, for one that runs in another process.
struct pipeline_capture_memory {
    struct pipeline_pts_clock clock;
    struct pipeline_lateness lateness;
    struct pipeline_playout playout;
    struct pipeline_decode_load load;
    int64_t delivered_ns;
    bool reached_end;
};

// Copies it out of the capture, and into it. Thread: capture.
void pipeline_capture_remember(const struct pipeline_capture *capture,
                               struct pipeline_capture_memory *memory);
void pipeline_capture_recall(struct pipeline_capture *capture,
                             const struct pipeline_capture_memory *memory);

// As pipeline_capture_create, without a thread: the caller runs its sessions.
struct pipeline_capture *
pipeline_capture_create_idle(const struct pipeline_capture_options *options,
                             struct mc_error *err) MC_MUST_USE;
void pipeline_capture_destroy_idle(struct pipeline_capture *capture);

// Opens the source, delivers its frames, and closes it. Sets err and capture->fault unless
// it was stopped or reached the end. Thread: capture.
pipeline_capture_run_fn pipeline_capture_run_session;

// Whether the session that ended had frames for so long that what went wrong at last is a new
// fault: the back-off starts over.
bool pipeline_capture_was_steady(const struct pipeline_capture *capture);

// Publishes a state and wakes the loop. Thread: capture.
void pipeline_capture_report(struct pipeline_capture *capture, enum pipeline_state state,
                             const char *reason);
