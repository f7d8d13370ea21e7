// The First Order Motion Model's way to a smaller picture: a Gaussian low-pass of
// standard deviation (factor - 1) / 2 over 8 of them and a pixel, zeros outside
// the picture (so its border darkens), then rows and columns 0, factor, 2 factor…
// Siarohin et al., "First Order Motion Model for Image Animation", 2019, and its
// public code.
#pragma once

enum { NN_ANTIALIAS_FACTOR_MAX = 8, NN_ANTIALIAS_TAPS_MAX = 4 * (NN_ANTIALIAS_FACTOR_MAX - 1) + 1 };

// Writes the weights of one axis, which sum to 1 (the Gaussian is a product of
// both axes'), and returns how many there are. The middle one belongs to the pixel itself.
int nn_antialias_taps(int factor, float taps[NN_ANTIALIAS_TAPS_MAX]);
