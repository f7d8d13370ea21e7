#include "pipeline/track/axis_filter.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Of one output: the pixels from first to last, of which each counts by how much of it lies
// between begin and end.
struct stretch {
    double begin, end;
    int first, last;
};

static int clamp(double value, int length)
{
    return value < 0 ? 0 : value > length - 1 ? length - 1 : (int)value;
}

// A stretch shorter than a pixel is widened to one: which is linear interpolation.
static struct stretch make_stretch(double begin, double step, int length)
{
    const double widened = step < 1 ? (1 - step) / 2 : 0;
    struct stretch stretch = { .begin = begin - widened, .end = begin + step + widened };
    stretch.first = clamp(stretch.begin, length);
    stretch.last = clamp(stretch.end, length);
    stretch.last -= stretch.last > stretch.first && stretch.last >= stretch.end;
    return stretch;
}

static bool reserve(void **block, size_t *bytes, size_t needed)
{
    if (needed > *bytes) {
        free(*block);
        *block = malloc(needed);
        *bytes = *block != NULL ? needed : 0;
    }
    return *block != NULL;
}

static bool reserve_all(struct pipeline_axis_filter *filter)
{
    void *first = filter->first, *weights = filter->weights;
    const size_t count = (size_t)filter->count;
    const bool reserved = reserve(&first, &filter->first_bytes, count * sizeof *filter->first) &&
                          reserve(&weights, &filter->weights_bytes,
                                  count * (size_t)filter->taps * sizeof *filter->weights);
    filter->first = first;
    filter->weights = weights;
    return reserved;
}

// Rounds where the stretch is divided, not the weights: so their sum is exact.
static void fill_weights(int16_t *weights, const struct stretch *stretch, int one)
{
    const double scale = one / (stretch->end - stretch->begin);
    int given = 0;
    for (int i = stretch->first; i < stretch->last; i++) {
        const int share = (int)((i + 1 - stretch->begin) * scale + 0.5);
        *weights++ = (int16_t)(share - given);
        given = share;
    }
    *weights = (int16_t)(one - given);
}

bool pipeline_axis_filter_make(struct pipeline_axis_filter *filter, double begin, double step,
                               int count, int length, int bits)
{
    assert(count > 0 && length > 0 && bits <= 14);
    const double widest = ceil(step < 1 ? 1 : step) + 1; // wherever it begins
    const int taps = widest < length ? (int)widest : length;
    filter->count = count;
    filter->taps =
        (taps + PIPELINE_AXIS_TAPS_STEP - 1) / PIPELINE_AXIS_TAPS_STEP * PIPELINE_AXIS_TAPS_STEP;
    if (!reserve_all(filter)) {
        return false;
    }
    memset(filter->weights, 0, (size_t)count * (size_t)filter->taps * sizeof *filter->weights);
    for (int i = 0; i < count; i++) {
        const struct stretch stretch = make_stretch(begin + i * step, step, length);
        filter->begin = i == 0 ? stretch.first : filter->begin;
        filter->first[i] = stretch.first - filter->begin;
        fill_weights(filter->weights + (size_t)i * (size_t)filter->taps, &stretch, 1 << bits);
        filter->end = stretch.last + 1;
    }
    return true;
}

void pipeline_axis_filter_finish(struct pipeline_axis_filter *filter)
{
    free(filter->first);
    free(filter->weights);
    *filter = (struct pipeline_axis_filter){ 0 };
}
