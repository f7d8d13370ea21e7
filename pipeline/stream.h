// One stream, from its source to motion records: what the daemon sees of this folder.
//
// A capture thread reads and decodes the source and leaves frames in a bounded mailbox, from where
// workers take them; records come back on the loop, in frame order.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"
#include "pipeline/display_transform.h"
#include "pipeline/motion/motion.h"
#include "pipeline/state.h"

struct pipeline_frame;
struct pipeline_stats;
struct pipeline_stream;
struct pipeline_workers;
struct protocol_record;

// Which part of each frame is observed.
enum pipeline_mode {
    PIPELINE_TRACK, // find faces and follow them; the workers must have a locator
    PIPELINE_FIXED, // the square around region's middle whose edge is region's longer one
    PIPELINE_FULL,  // the whole frame, as a square around its middle
};

// A rectangle of the displayed frame, pixels.
struct pipeline_region {
    float x, y, width, height;
};

// All callbacks run on the loop. What they are given is borrowed for the call.
struct pipeline_stream_callbacks {
    // One per frame, in frame order. The record's t_publish_ns is not set yet.
    // frame is the one it was made from.
    void (*on_record)(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame);
    // At each change. reason is a sentence for people, "" where there is nothing to say.
    // IDLE, ENDED and FAILED come after the last record.
    void (*on_state)(void *user, enum pipeline_state state, const char *reason);
    void *user;
};

// Where the records of a stream ended. All zero: there was none.
struct pipeline_continuation {
    double pts;         // of the last one,
    int64_t arrival_ns; // and when its frame arrived
    int last_id;        // that a face was given
};

struct pipeline_stream_options {
    const char *name;   // at most PROTOCOL_NAME_BYTES - 1 bytes
    const char *url;    // a path, rtsp://…, v4l2:/dev/videoN, lavfi:GRAPH, demo:
    bool every_frame;   // drop nothing: the source waits. Else the newest frame wins
    bool repeat;        // start a file again at its end
    bool udp;           // RTSP over UDP; else over TCP, unless the URL ends in ?udp
    bool isolate;       // the source is read and decoded in a process of its own
    int64_t max_pixels; // of a frame: larger JPEGs are reduced, others refused; 0: 4096 * 4096
    struct pipeline_display_options display; // on top of what the source says
    bool drop_damaged; // no record of frames with errors in them; else they are marked
    enum pipeline_mode mode;
    struct pipeline_region region; // of FIXED
    int max_faces;                 // that TRACK follows: 1 to PROTOCOL_FACES_MAX; 0 is 1
    const struct pipeline_motion_options *motion; // NULL: keypoints as observed, nothing else
    struct pipeline_continuation after;           // of a stream that this one continues
};

// Copies what it needs of options; borrows the workers. Nothing is opened yet: a source
// that can't be opened is reported through on_state. The capture thread exists and sleeps. Returns
// NULL and sets err when the options are invalid, or without a thread, descriptor or memory for
// it. Thread: loop.
struct pipeline_stream *pipeline_stream_create(uv_loop_t *loop, struct pipeline_workers *workers,
                                               const struct pipeline_stream_options *options,
                                               const struct pipeline_stream_callbacks *callbacks,
                                               struct mc_error *err) MC_MUST_USE;

// Opens the source, unless the stream is paused. Call once. Thread: loop.
void pipeline_stream_start(struct pipeline_stream *stream);

// While held, no new frame goes to a worker; records of frames already there still come.
// For readers that are slow where nothing may be dropped: with every_frame the source
// then waits. Thread: loop.
void pipeline_stream_hold(struct pipeline_stream *stream, bool held);

// Closes the source while paused; the stream is idle then. Before start: starts paused.
// Thread: loop.
void pipeline_stream_pause(struct pipeline_stream *stream, bool paused);

// How another stream can continue this one: its pts rise from there on, by the time in between, and
// its faces get ids that were not in use. Thread: loop.
void pipeline_stream_continuation(const struct pipeline_stream *stream,
                                  struct pipeline_continuation *continuation);

// What the stream has done since it was created. Thread: loop.
void pipeline_stream_stats(const struct pipeline_stream *stream, struct pipeline_stats *stats);

// Measures everybody in view, over a second or two of frames: the shapes in range, or the
// neutral face where range is 0; see motion.h. Calls on_done once, within seconds. Another call
// before that starts over, and only the last on_done is called. Thread: loop.
void pipeline_stream_calibrate(struct pipeline_stream *stream, uint64_t range,
                               void (*on_done)(void *user,
                                               const struct pipeline_calibrated *calibrated),
                               void *user);

// What was measured of the stream's faces, and replacing it; see motion.h. Loading ends a
// calibration without a call of on_done. Thread: loop.
void pipeline_stream_profile(const struct pipeline_stream *stream,
                             struct pipeline_profile *profile);

// Changes how motion is computed, from the next record on. Not for a stream without motion
// options. Thread: loop.
void pipeline_stream_set_motion(struct pipeline_stream *stream,
                                const struct pipeline_motion_options *options);

// Thread: loop.
void pipeline_stream_load_profile(struct pipeline_stream *stream,
                                  const struct pipeline_profile *profile);

// The shapes that its faces had so far, 1 << enum protocol_shape each. Thread: loop.
uint64_t pipeline_stream_shapes(const struct pipeline_stream *stream);

// Stops the source, waits for the frames that workers have without delivering them,
// frees the stream, then calls on_closed. No other callback comes after this call.
// Thread: loop.
void pipeline_stream_close(struct pipeline_stream *stream, void (*on_closed)(void *user),
                           void *user);
