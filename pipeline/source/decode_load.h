// What to leave out when decoding can't keep up with the source: first threads are added,
// at the price of a few frames' latency, then frames that no other refers to are skipped,
// at last all but key frames, unless these are rare: then nothing would be left. With less
// load all of that is taken back, step by step. Thread: capture.
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

    // Set before each packet: threads are still to come, so what they are worth isn't known.
    bool awaits_threads;

    // Of a source whose key frames are watched.
    bool keys_are_rare; // over 10 s apart: KEY is not for it
    bool keyed;         // the session had one
    int64_t key_ns;     // when the last one came, or the session's first packet; 0: no packet yet
};

// A source was opened: of its load and its key frames nothing is known.
void pipeline_decode_load_begin(struct pipeline_decode_load *load);

// A key frame came out of the decoder.
void pipeline_decode_load_key_frame(struct pipeline_decode_load *load, int64_t now_ns);

// Watches for key frames, of a source that is not paced: after each packet. Returns true when key
// frames alone are decoded and none came for 10 s: the source has to be opened again, as what is
// left out now can't be decoded before the next. The effort is REFERENCE then.
bool pipeline_decode_load_lacks_keys(struct pipeline_decode_load *load, int64_t now_ns);

// Whether what came from elsewhere could be ours: an effort that there is, and bounded waits. Its
// flags are not looked at.
bool pipeline_decode_load_is_sane(const struct pipeline_decode_load *load, int64_t now_ns);

// A packet was decoded in busy_ns; its frame is late_s behind its time (0 where it has
// none). Returns whether the effort changed.
bool pipeline_decode_load_add(struct pipeline_decode_load *load, int64_t busy_ns, double late_s,
                              int64_t now_ns);

// "decoding can't keep up: ...", or "" where every frame is decoded.
const char *pipeline_decode_effort_reason(enum pipeline_decode_effort effort);
