// How loaded the link from a camera is, from the time that reading waits for it.
//
// A frame's packets arrive together, and then the link idles until the next frame. A
// saturated link never idles: waiting for a frame takes no longer than waiting for any
// packet within one. Where frames are read whole, only a reader that never waits shows
// that frames queue. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum pipeline_link_load {
    PIPELINE_LINK_UNKNOWN, // too few packets per frame to tell
    PIPELINE_LINK_IDLE,
    PIPELINE_LINK_SATURATED,
};

// Sums over about the last second. All zero: nothing read yet.
struct pipeline_link {
    double frame_wait_s, frames;       // waits for the first packet of a frame
    double fragment_wait_s, fragments; // waits for the others
};

// A read that waited wait_ns returned a packet; the first of its frame or not.
void pipeline_link_add(struct pipeline_link *link, bool first_of_frame, int64_t wait_ns);

enum pipeline_link_load pipeline_link_load(const struct pipeline_link *link);
