// What to leave out when decoding can't keep up with the source: first threads are added,
// at the price of a few frames' latency, then frames that no other refers to are skipped,
// at last all but key frames. With less load all of that is taken back, step by step.
// Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum pipeline_decode_effort {
    PIPELINE_DECODE_ALL,       // every frame, on one thread
    PIPELINE_DECODE_THREADED,  // every frame, on several
    PIPELINE_DECODE_REFERENCE, // only frames that others refer to
    PIPELINE_DECODE_KEY,       // only key frames
};

// All zero at first: ALL.
struct pipeline_decode_load {
    enum pipeline_decode_effort effort;
    int64_t window_ns; // begin of the time over which the load is measured; 0: none yet
    int64_t busy_ns;   // of it, in the decoder
    double late_s;     // at its begin
    int64_t relax_ns;  // not to be made lighter before
    int64_t hold_ns;   // how long the next reduction lasts at least
};

// A packet was decoded in busy_ns; its frame is late_s behind its time (0 where it has
// none). Returns whether the effort changed.
bool pipeline_decode_load_add(struct pipeline_decode_load *load, int64_t busy_ns, double late_s,
                              int64_t now_ns);

// "decoding can't keep up: ...", or "" where every frame is decoded.
const char *pipeline_decode_effort_reason(enum pipeline_decode_effort effort);
