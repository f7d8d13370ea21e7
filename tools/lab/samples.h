// Measurements of one thing, and what is typical of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lab_samples {
    double *values; // owned
    size_t count, capacity;
};

// samples is zero at first. Returns false when out of memory.
bool lab_samples_add(struct lab_samples *samples, double value);
void lab_samples_finish(struct lab_samples *samples);

// The value below which the share of 0 to 1 lies (0.5: the median), between two
// values in proportion; 0 without values. Sorts them.
double lab_samples_quantile(struct lab_samples *samples, double share);
