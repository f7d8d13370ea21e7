// What a decoder process and the daemon say to each other, over a SOCK_SEQPACKET socket: one
// struct is one message. Both run the same program, so the layout needs no version.
//
// The daemon trusts nothing that comes from the decoder. A frame's geometry is in its message,
// of which the daemon has its own copy; the shared memory holds pixels and nothing else.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/source/capture_internal.h"

enum {
    PIPELINE_ISOLATE_PLANES = 4,
    PIPELINE_ISOLATE_LOANS_MAX = 256,   // frames at the daemon at a time
    PIPELINE_ISOLATE_URL_BYTES = 4096,  // with its NUL
    PIPELINE_ISOLATE_TEXT_BYTES = 1024, // of a log line
    PIPELINE_ISOLATE_GUARD_BYTES = 128, // behind each plane: vector code reads past its end
};

enum pipeline_isolate_kind {
    PIPELINE_ISOLATE_START,   // to the decoder: the first message
    PIPELINE_ISOLATE_STOP,    // to the decoder: end soon
    PIPELINE_ISOLATE_RELEASE, // to the decoder: a frame is back
    PIPELINE_ISOLATE_FRAME,
    PIPELINE_ISOLATE_STATE, // LIVE, with its reason
    PIPELINE_ISOLATE_COUNTS,
    PIPELINE_ISOLATE_LOG,
    PIPELINE_ISOLATE_END, // the last message
    PIPELINE_ISOLATE_KINDS
};

struct pipeline_isolate_start {
    enum pipeline_isolate_kind kind;
    int loan_count;
    int log_level;
    bool every_frame, repeat, drop_damaged, udp;
    struct pipeline_display_options display;
    int64_t max_pixels;
    size_t shared_bytes; // of the shared memory
    struct pipeline_capture_memory memory;
    char url[PIPELINE_ISOLATE_URL_BYTES];
};

struct pipeline_isolate_release {
    enum pipeline_isolate_kind kind;
    uint32_t loan;
};

// Since the decoder began; all messages but LOG carry them.
struct pipeline_isolate_counts {
    uint64_t packets, frames, damaged, late, undecodable, connects;
    int64_t last_frame_ns; // as pipeline_capture's
};

// The counts of a capture as they are now. Any thread.
struct pipeline_isolate_counts pipeline_isolate_count(const struct pipeline_capture *capture);

struct pipeline_isolate_frame {
    enum pipeline_isolate_kind kind;
    struct pipeline_isolate_counts counts;
    uint32_t loan; // which comes back in a RELEASE
    int32_t width, height, format, color_range, colorspace;
    uint64_t offsets[PIPELINE_ISOLATE_PLANES]; // in the shared memory
    int32_t linesizes[PIPELINE_ISOLATE_PLANES];
    int32_t lowres;
    uint32_t damaged;
    double pts;
    struct AVRational time_base;
    struct pipeline_display_transform display;
    int64_t arrival_ns, decode_ns, reassembly_ns, ready_ns;
};

struct pipeline_isolate_state {
    enum pipeline_isolate_kind kind;
    struct pipeline_isolate_counts counts;
    char reason[PIPELINE_REASON_BYTES]; // COUNTS: ""
};

struct pipeline_isolate_log {
    enum pipeline_isolate_kind kind;
    int level;
    char text[PIPELINE_ISOLATE_TEXT_BYTES];
};

struct pipeline_isolate_end {
    enum pipeline_isolate_kind kind;
    struct pipeline_isolate_counts counts;
    int outcome, fault; // enum pipeline_capture_outcome, enum pipeline_fault
    struct mc_error err;
    struct pipeline_capture_memory memory;
};

union pipeline_isolate_message {
    enum pipeline_isolate_kind kind;
    struct pipeline_isolate_start start;
    struct pipeline_isolate_release release;
    struct pipeline_isolate_frame frame;
    struct pipeline_isolate_state state;
    struct pipeline_isolate_log log;
    struct pipeline_isolate_end end;
};

// The bytes of a message of that kind; 0: there is no such kind.
size_t pipeline_isolate_message_bytes(enum pipeline_isolate_kind kind);

// What a frame is checked against.
struct pipeline_isolate_limits {
    size_t shared_bytes;
    int64_t max_pixels; // above 0
    int loan_count;
    bool any;        // there was a frame before,
    double last_pts; // with this pts
    double pts_max;  // what has passed since, and a gap, lead no further
    int64_t now_ns;
};

// Whether a message that the decoder sent, size bytes, is one that it may send, and its numbers
// are within bounds. Of a frame: every pixel that it speaks of lies within the shared memory, and
// its display transform maps onto it. Sets err and returns false otherwise. Texts are terminated,
// and the secrets and odd bytes in them replaced.
bool pipeline_isolate_message_check(union pipeline_isolate_message *message, size_t size,
                                    const struct pipeline_isolate_limits *limits,
                                    struct mc_error *err) MC_MUST_USE;
