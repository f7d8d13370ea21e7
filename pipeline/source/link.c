#include "pipeline/source/link.h"

#include <math.h>

static const double memory_s = 1;
static const double count_min = 4;
static const double idle_ratio = 3;     // of the mean waits
static const double no_wait_s = 0.0003; // the data was there

void pipeline_link_add(struct pipeline_link *link, bool first_of_frame, int64_t wait_ns)
{
    const double wait_s = (double)wait_ns * 1e-9;
    // Frames that are read without waiting fade as well, if slowly.
    const double kept = exp(-fmax(wait_s, no_wait_s) / memory_s);
    link->frame_wait_s *= kept;
    link->frames *= kept;
    link->fragment_wait_s *= kept;
    link->fragments *= kept;
    if (first_of_frame) {
        link->frame_wait_s += wait_s;
        link->frames += 1;
    } else {
        link->fragment_wait_s += wait_s;
        link->fragments += 1;
    }
}

enum pipeline_link_load pipeline_link_load(const struct pipeline_link *link)
{
    if (link->frames <= 0) {
        return PIPELINE_LINK_UNKNOWN;
    }
    const double frame_s = link->frame_wait_s / link->frames;
    if (frame_s <= no_wait_s && link->frames >= count_min) {
        return PIPELINE_LINK_SATURATED;
    }
    if (link->fragments < count_min) {
        return PIPELINE_LINK_UNKNOWN;
    }
    const double fragment_s = link->fragment_wait_s / link->fragments;
    return frame_s <= idle_ratio * fragment_s ? PIPELINE_LINK_SATURATED : PIPELINE_LINK_IDLE;
}
