// Which convolution a processor's kernels use. Included by the source files that choose
// kernels (x86/kernels_x86.c, arm/kernels_arm.c).
#pragma once

#include "nn/kernels/conv_direct.h"
#include "nn/kernels/conv_plain.h"
#include "nn/kernels/conv_winograd.h"
#include "nn/kernels/kernels.h"
#include "nn/kernels/microkernel.h"

// Microkernels by input type; NULL: plain C.
typedef const struct nn_microkernel_set *const microkernel_table[NN_TYPE_COUNT];

// Defines the convolution's functions for one table of microkernels and one Winograd set:
// Winograd where it pays, else the direct convolution, else plain C.
#define CONV(table, winograd)                                                                      \
    static void conv_##table(const struct nn_conv *conv, const struct nn_conv_maps *maps,          \
                             struct nn_rows rows, float *scratch)                                  \
    {                                                                                              \
        if (nn_winograd_pays(conv)) {                                                              \
            nn_winograd(&winograd, conv, maps, rows, scratch);                                     \
        } else if (table[conv->type] != NULL) {                                                    \
            nn_conv_direct(table[conv->type], conv, maps, rows, scratch);                          \
        } else {                                                                                   \
            nn_conv_c(conv, maps, rows, scratch);                                                  \
        }                                                                                          \
    }                                                                                              \
    static size_t conv_scratch_##table(const struct nn_conv *conv)                                 \
    {                                                                                              \
        return nn_winograd_pays(conv)      ? nn_winograd_scratch(&winograd, conv)                  \
               : table[conv->type] != NULL ? nn_conv_direct_scratch(conv)                          \
                                           : nn_conv_scratch_c(conv);                              \
    }                                                                                              \
    static size_t conv_weights_##table(const struct nn_conv *conv)                                 \
    {                                                                                              \
        return nn_winograd_pays(conv)      ? nn_winograd_weights(&winograd, conv)                  \
               : table[conv->type] != NULL ? nn_conv_direct_weights(table[conv->type], conv)       \
                                           : nn_conv_weights_c(conv);                              \
    }                                                                                              \
    static void conv_pack_##table(const struct nn_conv *conv, const float *plain, float *packed)   \
    {                                                                                              \
        if (nn_winograd_pays(conv)) {                                                              \
            nn_winograd_pack(&winograd, conv, plain, packed);                                      \
        } else if (table[conv->type] != NULL) {                                                    \
            nn_conv_direct_pack(table[conv->type], conv, plain, packed);                           \
        } else {                                                                                   \
            nn_conv_pack_c(conv, plain, packed);                                                   \
        }                                                                                          \
    }

// Makes kernels use these functions. types: the lower-precision types that are faster than
// float32 here.
#define USE(kernels, level, table, types)                                                          \
    do {                                                                                           \
        (kernels)->name = (level);                                                                 \
        (kernels)->conv = conv_##table;                                                            \
        (kernels)->conv_weights = conv_weights_##table;                                            \
        (kernels)->conv_pack = conv_pack_##table;                                                  \
        (kernels)->conv_scratch = conv_scratch_##table;                                            \
        (kernels)->fast_types = (types);                                                           \
    } while (0)
