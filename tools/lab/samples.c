#include "tools/lab/samples.h"

#include <stdlib.h>

bool lab_samples_add(struct lab_samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity == 0 ? 256 : 2 * samples->capacity;
        double *values = realloc(samples->values, capacity * sizeof *values);
        if (values == NULL) {
            return false;
        }
        samples->values = values;
        samples->capacity = capacity;
    }
    samples->values[samples->count++] = value;
    return true;
}

void lab_samples_finish(struct lab_samples *samples)
{
    free(samples->values);
    *samples = (struct lab_samples){ 0 };
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double lab_samples_quantile(struct lab_samples *samples, double share)
{
    if (samples->count == 0) {
        return 0;
    }
    qsort(samples->values, samples->count, sizeof *samples->values, compare);
    const double at = share * (double)(samples->count - 1);
    const size_t low = (size_t)at, high = low + 1 < samples->count ? low + 1 : low;
    const double part = at - (double)low;
    return samples->values[low] * (1 - part) + samples->values[high] * part;
}
