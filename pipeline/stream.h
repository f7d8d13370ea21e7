// The face of this folder: one stream, from its source to motion records.
//
// A capture thread reads and decodes the source and leaves frames in a bounded
// mailbox; the loop hands them to the workers; records come back on the loop,
// in frame order.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"
#include "pipeline/motion/motion.h"
#include "pipeline/source/display_transform.h"
#include "pipeline/state.h"

struct pipeline_frame;
struct pipeline_stats;
struct pipeline_stream;
struct pipeline_workers;
struct protocol_record;

// Where to look in each frame.
enum pipeline_mode {
    PIPELINE_TRACK, // find faces and follow them; wants workers with a locator
    PIPELINE_FIXED, // the square around region's middle whose edge is the region's longer one
    PIPELINE_FULL,  // the whole picture, as a square around its middle
};

// A rectangle of the displayed frame, pixels.
struct pipeline_region {
    float x, y, width, height;
};

// All callbacks run on the loop. What they are given is borrowed for the call.
struct pipeline_stream_callbacks {
    // One per frame, in frame order. The record's t_publish_ns is not set yet.
    // frame is what it was made from, with how it is displayed.
    void (*on_record)(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame);
    // At each change. reason is a sentence for people, "" where there is nothing to say.
    // IDLE, ENDED and FAILED come after the last record.
    void (*on_state)(void *user, enum pipeline_state state, const char *reason);
    void *user;
};

struct pipeline_stream_options {
    const char *name; // at most PROTOCOL_NAME_BYTES - 1 bytes
    const char *url;  // a path, rtsp://…, v4l2:/dev/videoN, lavfi:GRAPH, demo:
    bool every_frame; // drop nothing: the source waits. Else the newest frame wins
    bool repeat;      // begin a file again at its end
    bool udp;         // RTSP over UDP; else over TCP, unless the URL ends in ?udp
    struct pipeline_display_options display; // on top of what the source says
    bool drop_damaged; // no record of frames with errors in them; else they are marked
    enum pipeline_mode mode;
    struct pipeline_region region; // that FIXED looks at
    int max_faces;                 // that TRACK follows: 1 to PROTOCOL_FACES_MAX; 0 is 1
    const struct pipeline_motion_options *motion; // NULL: keypoints as they are, and no more
};

// Copies what it needs of options; borrows the workers. Nothing is opened yet:
// a source that can't be opened tells so through on_state. Returns NULL and
// sets err when the options make no sense. Thread: loop.
struct pipeline_stream *pipeline_stream_create(uv_loop_t *loop, struct pipeline_workers *workers,
                                               const struct pipeline_stream_options *options,
                                               const struct pipeline_stream_callbacks *callbacks,
                                               struct mc_error *err) MC_MUST_USE;

// Starts the capture thread. Once. Thread: loop.
bool pipeline_stream_start(struct pipeline_stream *stream, struct mc_error *err) MC_MUST_USE;

// While held, no new frame goes to a worker; records of frames already there
// still come. Of use where nothing may be dropped and a reader is slow: with
// every_frame the source then waits. Thread: loop.
void pipeline_stream_hold(struct pipeline_stream *stream, bool held);

// Closes the source while paused: it is idle. Before start: begin so. Thread: loop.
void pipeline_stream_pause(struct pipeline_stream *stream, bool paused);

// What it has done since it was created. Thread: loop.
void pipeline_stream_stats(const struct pipeline_stream *stream, struct pipeline_stats *stats);

// Measures the neutral face of everybody in the picture, from about a second of
// frames; see motion.h. Calls on_done once, with the number of faces measured:
// 0 when none faced the camera for long enough, within seconds. When it is asked
// again before that, it begins anew, for the last on_done alone. Thread: loop.
void pipeline_stream_calibrate(struct pipeline_stream *stream,
                               void (*on_done)(void *user, int faces), void *user);

// Stops the source, waits for the frames at work without delivering them,
// frees the stream, then calls on_closed. No other callback comes after this
// call. Thread: loop.
void pipeline_stream_close(struct pipeline_stream *stream, void (*on_closed)(void *user),
                           void *user);
