// How many streams a machine can carry, from what it measures while it carries some.
//
// Pure. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    FLEET_CAPACITY_MAX = 64,          // streams that one mocapd takes
    FLEET_STREAMS_PER_PROCESSOR = 12, // as long as nothing has been measured
};

struct fleet_capacity {
    int processors;
    int streams;       // the capacity
    double busy;       // of all processors, 0 to 1, smoothed
    double latency_ms; // of records, mean, smoothed
    int late;          // measurements in a row that were too high
    int measured;      // streams, at the last one
    int steady;        // measurements in a row with as many streams as at the last one
};

// One measurement, of about a second.
struct fleet_load {
    double busy;       // of the machine's processors, by whatever runs on it
    double latency_ms; // from frames' arrival to their records, mean; 0: there were none
    double dropped;    // part of the frames that gave no record, because no worker was free
    int streams;       // that ran
};

void fleet_capacity_init(struct fleet_capacity *capacity, int processors);

// Takes a measurement and changes the capacity, in small steps and without oscillating: room grows
// with what is idle; streams are shed when records have been late or dropped for some measurements.
void fleet_capacity_measure(struct fleet_capacity *capacity, const struct fleet_load *load);
