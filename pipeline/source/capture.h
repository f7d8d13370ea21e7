// The capture thread of one stream: opens the source, decodes, paces what isn't live,
// puts frames into the mailbox, and reconnects when a live source is lost.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/display_transform.h"
#include "pipeline/source/frame_buffers.h"
#include "pipeline/state.h"

struct pipeline_capture;
struct pipeline_frame_pool;
struct pipeline_mailbox;

// How a session, from opening the source to its last frame, ended.
enum pipeline_capture_outcome {
    PIPELINE_CAPTURE_STOPPED,
    PIPELINE_CAPTURE_OVER,    // its end was reached
    PIPELINE_CAPTURE_LOST,    // worth another attempt
    PIPELINE_CAPTURE_GIVEN_UP // not worth one
};

typedef enum pipeline_capture_outcome pipeline_capture_run_fn(struct pipeline_capture *capture,
                                                              struct mc_error *err);

// Written by the capture thread, read by any.
struct pipeline_capture_counts {
    atomic_uint_fast64_t packets;     // read
    atomic_uint_fast64_t frames;      // decoded
    atomic_uint_fast64_t damaged;     // of these, with errors in them
    atomic_uint_fast64_t late;        // frames dropped because they were late
    atomic_uint_fast64_t undecodable; // packets without a frame; damaged frames dropped
    atomic_uint_fast64_t connects;    // times the source was opened
};

struct pipeline_capture_options {
    const char *url;  // copied
    bool every_frame; // as fast as the mailbox takes them: never paced, never dropped
    bool repeat;      // a source with an end starts over
    bool drop_damaged;
    bool udp; // for RTSP
    struct pipeline_display_options display;
    int64_t max_pixels;                     // of a frame; 0: the default
    double last_pts;                        // of an earlier frame: from there, pts rise
    int64_t last_arrival_ns;                // when that arrived; 0: there was none
    struct pipeline_mailbox *mailbox;       // borrowed; closed at the end
    struct pipeline_frame_pool *pool;       // borrowed; two frames more than others can hold
    struct pipeline_capture_counts *counts; // borrowed
    void (*on_frame)(void *user);           // one is in the mailbox. Thread: capture
    void (*wake)(void *user);               // after each change of state. Thread: capture
    void *user;

    // Runs a session somewhere else, as pipeline_isolate_run_session does. NULL: on this thread.
    pipeline_capture_run_fn *run_session;

    // Where decoders write frames. Zero: into memory that is mapped for them.
    struct pipeline_frame_memory memory;

    // The source is open, and nothing read of it. When it returns false and sets err, the source
    // is given up. Thread: capture.
    bool (*on_open)(void *user, struct mc_error *err);
};

enum { PIPELINE_REASON_BYTES = 256 };

// IDLE, CONNECTING, LIVE, ENDED or FAILED; after the last two no frame follows.
struct pipeline_state_report {
    enum pipeline_state state;
    char reason[PIPELINE_REASON_BYTES];
};

// Creates the thread, which sleeps until pipeline_capture_start. Returns NULL and sets err when
// that fails.
struct pipeline_capture *pipeline_capture_create(const struct pipeline_capture_options *options,
                                                 struct mc_error *err) MC_MUST_USE;

// Opens the source, unless paused. Once.
void pipeline_capture_start(struct pipeline_capture *capture);

// Closes the source, or opens it again. Never blocks. Any thread.
void pipeline_capture_pause(struct pipeline_capture *capture, bool paused);

// Asks the thread to end; it wakes the loop once it has. Never blocks. Any thread.
void pipeline_capture_stop(struct pipeline_capture *capture);

// Whether the thread is about to end: it wakes the loop once more at most.
bool pipeline_capture_is_done(struct pipeline_capture *capture);

// Waits for the thread, which ends at once when done, and frees. NULL does nothing.
void pipeline_capture_join(struct pipeline_capture *capture);

// The current state. Any thread.
void pipeline_capture_state(struct pipeline_capture *capture, struct pipeline_state_report *report);

// Time since a live source's last frame, ns; 0 for a source with an end. Any thread.
int64_t pipeline_capture_silence_ns(struct pipeline_capture *capture);
