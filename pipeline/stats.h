// What a stream has done so far: counts, and how long its stages took.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PIPELINE_HISTOGRAM_BOUNDS = 12 };

// Upper bounds of a histogram's buckets, seconds, rising.
extern const double pipeline_histogram_bounds[PIPELINE_HISTOGRAM_BOUNDS];

struct pipeline_histogram {
    uint64_t counts[PIPELINE_HISTOGRAM_BOUNDS + 1]; // of each bucket alone; the last has no bound
    double sum_s;
};

void pipeline_histogram_add(struct pipeline_histogram *histogram, int64_t duration_ns);

// Why a frame got no record.
enum pipeline_drop {
    PIPELINE_DROP_MAILBOX, // a newer frame came before a worker was free
    PIPELINE_DROP_LATE,    // over a second late when it arrived, or its turn had passed
    PIPELINE_DROP_DECODE,  // could not be decoded, or was damaged and damaged ones are dropped
    PIPELINE_DROP_COUNT,
};

// "mailbox", "late", "decode"
const char *pipeline_drop_name(enum pipeline_drop drop);

enum pipeline_stage {
    PIPELINE_STAGE_REASSEMBLY, // from a frame's last byte to knowing that it was the last
    PIPELINE_STAGE_DECODE,
    PIPELINE_STAGE_WAIT, // decoded, for a worker
    PIPELINE_STAGE_SCALE,
    PIPELINE_STAGE_INFER,
    PIPELINE_STAGE_COUNT,
};

// "reassembly", "decode", "wait", "scale", "infer"
const char *pipeline_stage_name(enum pipeline_stage stage);

struct pipeline_stats {
    bool up;            // frames arrive
    uint64_t captured;  // packets read
    uint64_t decoded;   // frames that came out of the decoder
    uint64_t damaged;   // of these, with errors in them
    uint64_t published; // records given to on_record
    uint64_t dropped[PIPELINE_DROP_COUNT];
    uint64_t connects; // times the source was opened
    int faces;         // in the last record
    float fov;         // of the camera, as poses take it, degrees; 0: not known yet
    struct pipeline_histogram stages[PIPELINE_STAGE_COUNT];
    struct pipeline_histogram latency; // from a frame's arrival to its record
};

// Adds to total what a later stream of the same name has done; what is not a count is its.
void pipeline_stats_continue(struct pipeline_stats *total, const struct pipeline_stats *later);

uint64_t pipeline_stats_dropped(const struct pipeline_stats *stats); // for all causes
