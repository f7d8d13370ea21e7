// The sampler's inner loops, each over a row.
//
// A column's sum of weighted bytes is 16 bits less half their range, and so signed: for products
// of pairs of these processors have an instruction.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pipeline_axis_filter;

enum {
    PIPELINE_DOWN_BITS = 8,    // of the weights of rows
    PIPELINE_ACROSS_BITS = 14, // of columns
};

// Two rows of bytes, and what each counts.
struct pipeline_row_pair {
    const uint8_t *rows[2];
    uint16_t weights[2];
};

// Sets sums to those of the first pair, or adds another one.
void pipeline_sum_row_pair(uint16_t *sums, const struct pipeline_row_pair *pair, bool is_first,
                           int count);

// Outputs, 0 to 255, of the sums; across->taps more of any value follow them.
void pipeline_sum_columns(const struct pipeline_axis_filter *across, const uint16_t *sums,
                          float *to);

// From luma and chroma to red, green and blue, each 0 to 255.
struct pipeline_colour_matrix {
    float zero, scale; // of luma
    float red_v, green_u, green_v, blue_u;
};

// Y, U and V become red, green and blue, in place; not clamped.
void pipeline_convert_row(const struct pipeline_colour_matrix *matrix, float *y, float *u, float *v,
                          int count);

// Each number, clamped to 0 to 255, becomes value / 255 - mean.
void pipeline_normalise_row(float *row, int count, float mean);

// Stores pixels of red, green and blue, one every right numbers.
void pipeline_store_row(const float *red, const float *green, const float *blue, int count,
                        float *to, ptrdiff_t right);
