// Antialiased down-sampling as in the First Order Motion Model: a Gaussian low-pass with a
// standard deviation of (factor - 1) / 2, four deviations to each side, zeros outside the
// map (so borders darken), then rows and columns 0, factor, 2 * factor, ...
// Source: Siarohin et al., "First Order Motion Model for Image Animation", NeurIPS 2019,
// and its public code.
#pragma once

enum { NN_ANTIALIAS_FACTOR_MAX = 8, NN_ANTIALIAS_TAPS_MAX = 4 * (NN_ANTIALIAS_FACTOR_MAX - 1) + 1 };

// Writes the filter's weights along one axis and returns how many there are, an odd number.
// They sum to 1. The filter is separable, so both axes have the same.
int nn_antialias_taps(int factor, float taps[NN_ANTIALIAS_TAPS_MAX]);
