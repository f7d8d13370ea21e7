// Defines a set of microkernels without conv1d: where an input vector's lanes serve four
// multiply-adds each, loading it again for each of three taps costs little.
#pragma once

// For one, two and three vectors, the tiles of the given kind (see conv_tile.h) have up to
// p1, p2, p3 pixels. What follows are further initialisers of the set. Requires dot.
#define ARM_SET(set, kind, p1, p2, p3, ...)                                                        \
    MICROKERNELS(kind, 1, UP_TO_##p1)                                                              \
    MICROKERNELS(kind, 2, UP_TO_##p2)                                                              \
    MICROKERNELS(kind, 3, UP_TO_##p3)                                                              \
    const struct nn_microkernel_set set = { .lanes = LANES,                                        \
                                            .generic_pixels = { p1, p2, p3 },                      \
                                            .generic = { kind##_1, kind##_2, kind##_3 },           \
                                            .dot = dot,                                            \
                                            __VA_ARGS__ };
