// Measurements of one thing, and what is typical of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mocapctl_samples {
    double *values; // owned
    size_t count, capacity;
};

// samples is zero at first. Returns false when there is no memory.
bool mocapctl_samples_add(struct mocapctl_samples *samples, double value);
void mocapctl_samples_finish(struct mocapctl_samples *samples);

// The value below which the share of 0 to 1 lies (0.5: the median), between two
// values in proportion; 0 without values. Sorts them.
double mocapctl_samples_quantile(struct mocapctl_samples *samples, double share);
