// For tests of kernels: maps of noise, and comparisons with plain C.
#pragma once

#include <stddef.h>

#include "nn/kernels/kernels.h"

// Pseudo-random numbers, from -0.5 to 0.5 and from least to most; the same in every run.
float noise(void);
int pick(int least, int most);

// A map of noise within a larger block of noise, at any alignment.
struct map {
    char *block;
    size_t bytes;
    struct nn_tensor view;
};

// gap: numbers between pixels; lead: numbers before the first.
struct map typed_map_create(enum nn_type type, int height, int width, int channels, int gap,
                            int lead);
struct map map_create(int height, int width, int channels, int gap, int lead); // float32
struct map map_copy(const struct map *map);
void map_destroy(struct map *map);

struct nn_rows all_rows(const struct nn_tensor *map);

// Fails unless the maps are equal, within tolerance inside the view and exactly outside, where
// nothing may be written.
void assert_same(const struct map *want, const struct map *got, float tolerance, const char *what);

// Runs one convolution by these kernels, its rows in two parts. plain: unpacked weights.
void run_conv(const struct nn_kernels *kernels, struct nn_conv conv, const float *plain,
              const struct nn_conv_maps *maps);

// Calls check with plain C's kernels and those of each instruction set of this processor.
void each_level(void (*check)(const struct nn_kernels *plain, const struct nn_kernels *chosen));
