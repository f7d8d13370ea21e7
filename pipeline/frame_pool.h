// The fixed set of frames of one stream, so that nothing of ours is allocated per frame.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/rational.h>

#include "base/error.h"
#include "pipeline/display_transform.h"

struct AVFrame;
struct pipeline_frame_pool;

// One decoded frame and what is known about it. One owner at a time.
struct pipeline_frame {
    struct AVFrame *image; // references the decoder's own buffers
    int lowres;            // how often its edges were halved while it was decoded: it was too large
    double pts;            // presentation time, seconds; increases over repeats, reconnects
    struct AVRational time_base;               // of the decoder's pts, seconds per tick
    struct pipeline_display_transform display; // how it is displayed
    int64_t arrival_ns;                        // when its packet arrived; monotonic
    int64_t complete_ns;   // arrival of the last packet that was sent before the decoder returned
                           // it: steady even with B-frames, so clocks go by it
    int64_t decode_ns;     // time spent in the decoder
    int64_t reassembly_ns; // from its last byte until it was known to be the last
    bool damaged;          // the decoder found errors in it
    unsigned session;      // how often the source had been opened, each round of a file included
    int64_t ready_ns;      // when it was put into the mailbox
    struct pipeline_frame *next; // in the pool's list
};

// Returns NULL and sets err when out of memory.
struct pipeline_frame_pool *pipeline_frame_pool_create(int count, struct mc_error *err) MC_MUST_USE;

// All frames must have been released. NULL does nothing.
void pipeline_frame_pool_destroy(struct pipeline_frame_pool *pool);

// How many frames it has. Any thread.
int pipeline_frame_pool_count(const struct pipeline_frame_pool *pool);

// An empty frame, or NULL when all are out. Any thread.
struct pipeline_frame *pipeline_frame_pool_acquire(struct pipeline_frame_pool *pool);

// Releases the buffers and takes the frame back; NULL does nothing. Any thread.
void pipeline_frame_pool_release(struct pipeline_frame_pool *pool, struct pipeline_frame *frame);
