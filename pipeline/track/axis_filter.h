// How the pixels of one axis are scaled: which of them each output is the average of.
//
// Where the axis shrinks, an output is the mean over exactly the stretch that it covers, so
// nothing aliases; where it grows, outputs are interpolated linearly. Beyond its ends the axis
// repeats its last pixel.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIPELINE_AXIS_TAPS_STEP = 8 }; // taps of an output are a multiple: vectors are whole

struct pipeline_axis_filter {
    int count;        // outputs
    int begin, end;   // pixels that any of them needs
    int taps;         // of each output; those past its stretch, which may lie past end, weigh 0
    int *first;       // owned; count: each output's first tap, counted from begin
    int16_t *weights; // owned; count * taps
    size_t first_bytes, weights_bytes;
};

// The outputs cover an axis of length pixels from begin on, each of them step pixels. Their weights
// add up to 1 << bits exactly; bits is at most 14. Returns false when out of memory. Allocates only
// when it grows; all zeros at first.
bool pipeline_axis_filter_make(struct pipeline_axis_filter *filter, double begin, double step,
                               int count, int length, int bits);
void pipeline_axis_filter_finish(struct pipeline_axis_filter *filter);
