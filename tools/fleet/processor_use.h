// How busy the machine's processors are.
#pragma once

#include <stdint.h>

struct fleet_processor_use {
    uint64_t busy, all; // at the last measurement, in ticks
};

// The part of all processors' time that was used since the last call, 0 to 1; 0 at first. Negative
// when that cannot be known, as /proc/stat cannot be read.
double fleet_processor_use_measure(struct fleet_processor_use *use);
