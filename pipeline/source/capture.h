// The capture thread of one stream: it opens the source, decodes, paces what
// isn't live, leaves frames in the mailbox, and connects again when a live
// source is lost.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/stream.h"

struct pipeline_capture;
struct pipeline_frame_pool;
struct pipeline_mailbox;

// Written by the capture thread, read by any.
struct pipeline_capture_counts {
    atomic_uint_fast64_t packets;  // read
    atomic_uint_fast64_t frames;   // decoded
    atomic_uint_fast64_t damaged;  // of these
    atomic_uint_fast64_t late;     // dropped because they were too old when they came
    atomic_uint_fast64_t spoiled;  // packets that gave no frame but an error; damaged ones dropped
    atomic_uint_fast64_t connects; // times the source was opened
};

struct pipeline_capture_options {
    const char *url;  // copied
    bool every_frame; // as fast as the mailbox takes them; never paced, none dropped
    bool repeat;      // begin again at the end of what has one
    bool drop_damaged;
    bool udp;                               // for RTSP
    bool paused;                            // open nothing until resumed
    struct pipeline_mailbox *mailbox;       // borrowed; closed at the end
    struct pipeline_frame_pool *pool;       // borrowed; holds two more frames than others can keep
    struct pipeline_capture_counts *counts; // borrowed
    void (*wake)(void *user);               // after each frame or news. Thread: capture
    void *user;
};

enum { PIPELINE_REASON_BYTES = 256 };

struct pipeline_news {
    enum pipeline_state state;
    char reason[PIPELINE_REASON_BYTES];
};

// Starts the thread. Returns NULL and sets err when that fails.
struct pipeline_capture *pipeline_capture_start(const struct pipeline_capture_options *options,
                                                struct mc_error *err) MC_MUST_USE;

// Closes the source, or opens it again. Returns at once. Any thread.
void pipeline_capture_pause(struct pipeline_capture *capture, bool paused);

// Asks the thread to end; it wakes the loop when it has. Returns at once. Any thread.
void pipeline_capture_stop(struct pipeline_capture *capture);

// Whether the thread has said all: it wakes once more at most, and can be joined.
bool pipeline_capture_is_done(struct pipeline_capture *capture);

// Waits for the thread, which is quick once done, and frees. NULL does nothing.
void pipeline_capture_join(struct pipeline_capture *capture);

// The state now; false when it is as it was at the last call. IDLE, CONNECTING,
// LIVE, ENDED or FAILED; after the last two no frame goes into the mailbox. Any thread.
bool pipeline_capture_news(struct pipeline_capture *capture, struct pipeline_news *news);

// How long ago the last picture of a live source came, in ns; 0 for what has an end. Any thread.
int64_t pipeline_capture_silence_ns(struct pipeline_capture *capture);
