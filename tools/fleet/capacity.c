#include "tools/fleet/capacity.h"

#include <string.h>

// Above BUSY_FULL nothing is added, so that what there is has room for faces that come into view.
#define BUSY_FULL 0.75
#define LATENCY_FULL_MS 150.0 // some four frames
#define DROPPED_FULL 0.1
#define SMOOTHING 0.2
#define GROWTH 1.25 // of the capacity, before it is worth telling

enum {
    LATE_COUNT = 5,
    STEADY_COUNT = 15, // for what is smoothed to follow
};

static int limit(int streams)
{
    return streams < 1 ? 1 : streams > FLEET_CAPACITY_MAX ? FLEET_CAPACITY_MAX : streams;
}

void fleet_capacity_init(struct fleet_capacity *capacity, int processors)
{
    memset(capacity, 0, sizeof *capacity);
    capacity->processors = processors < 1 ? 1 : processors;
    capacity->streams = limit(capacity->processors * FLEET_STREAMS_PER_PROCESSOR);
}

void fleet_capacity_measure(struct fleet_capacity *capacity, const struct fleet_load *load)
{
    capacity->busy += SMOOTHING * (load->busy - capacity->busy);
    capacity->latency_ms += SMOOTHING * (load->latency_ms - capacity->latency_ms);
    capacity->steady = load->streams == capacity->measured ? capacity->steady + 1 : 0;
    capacity->measured = load->streams;
    const bool is_late = load->latency_ms > LATENCY_FULL_MS || load->dropped > DROPPED_FULL;
    capacity->late = is_late && load->streams > 0 ? capacity->late + 1 : 0;
    if (capacity->late >= LATE_COUNT) {
        // One less than there are, until that suffices.
        capacity->streams = limit(load->streams - 1);
        capacity->late = 0;
        return;
    }
    if (is_late || load->streams < capacity->streams / 2 || capacity->steady < STEADY_COUNT ||
        capacity->busy < 0.01) {
        return; // too little runs to tell what more would cost
    }
    const int carries = limit((int)(load->streams * BUSY_FULL / capacity->busy));
    if (carries > capacity->streams * GROWTH ||
        (carries < capacity->streams && capacity->busy > BUSY_FULL)) {
        // Never below what runs without being late: being busy harms nobody.
        capacity->streams = carries < load->streams ? limit(load->streams) : carries;
    }
}
