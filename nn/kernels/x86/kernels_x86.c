#include "nn/kernels/x86/kernels_x86.h"

#include "base/cpu.h"
#include "nn/kernels/conv_plain.h"
#include "nn/kernels/conv_winograd.h"

// Tiles by type of input; NULL: plain C.
static const struct nn_tile_set *const tiles_avx2[NN_TYPE_COUNT] = { [NN_F32] = &nn_tiles_avx2 };
static const struct nn_tile_set *const tiles_avx_vnni[NN_TYPE_COUNT] = {
    [NN_F32] = &nn_tiles_avx2, [NN_U8] = &nn_tiles_avx_vnni
};
static const struct nn_tile_set *const tiles_base[NN_TYPE_COUNT] = { [NN_F32] = &nn_tiles_avx512 };
static const struct nn_tile_set *const tiles_vnni[NN_TYPE_COUNT] = {
    [NN_F32] = &nn_tiles_avx512, [NN_U8] = &nn_tiles_avx512_u8
};
static const struct nn_tile_set *const tiles_bf16[NN_TYPE_COUNT] = {
    [NN_F32] = &nn_tiles_avx512, [NN_BF16] = &nn_tiles_avx512_bf16, [NN_U8] = &nn_tiles_avx512_u8
};
static const struct nn_tile_set *const tiles_amx[NN_TYPE_COUNT] = {
    [NN_F32] = &nn_tiles_avx512, [NN_BF16] = &nn_tiles_amx_bf16, [NN_U8] = &nn_tiles_amx_u8
};

// The functions for one set of pairs, and those for one table of tiles beside it.
#define PAIRS(pairs)                                                                               \
    static size_t conv_scratch_##pairs(const struct nn_conv *conv)                                 \
    {                                                                                              \
        return nn_conv_pairs_fits(conv) ? nn_conv_pairs_scratch(&pairs, conv)                      \
                                        : nn_conv_direct_scratch(conv);                            \
    }
#define CONV(table, pairs)                                                                         \
    static void conv_##table(const struct nn_conv *conv, const struct nn_conv_maps *maps,          \
                             struct nn_rows rows, float *scratch)                                  \
    {                                                                                              \
        if (nn_conv_pairs_fits(conv)) {                                                            \
            nn_conv_pairs(&pairs, conv, maps, rows, scratch);                                      \
        } else if (table[conv->type] != NULL) {                                                    \
            nn_conv_direct(table[conv->type], conv, maps, rows, scratch);                          \
        } else {                                                                                   \
            nn_conv_c(conv, maps, rows, scratch);                                                  \
        }                                                                                          \
    }                                                                                              \
    static size_t conv_weights_##table(const struct nn_conv *conv)                                 \
    {                                                                                              \
        return nn_conv_pairs_fits(conv)    ? nn_conv_pairs_weights(&pairs, conv)                   \
               : table[conv->type] != NULL ? nn_conv_direct_weights(table[conv->type], conv)       \
                                           : nn_conv_weights_c(conv);                              \
    }                                                                                              \
    static void conv_pack_##table(const struct nn_conv *conv, const float *plain, float *packed)   \
    {                                                                                              \
        if (nn_conv_pairs_fits(conv)) {                                                            \
            nn_conv_pairs_pack(&pairs, conv, plain, packed);                                       \
        } else if (table[conv->type] != NULL) {                                                    \
            nn_conv_direct_pack(table[conv->type], conv, plain, packed);                           \
        } else {                                                                                   \
            nn_conv_pack_c(conv, plain, packed);                                                   \
        }                                                                                          \
    }

PAIRS(nn_pairs_avx2)
PAIRS(nn_pairs_avx512)
CONV(tiles_avx2, nn_pairs_avx2)
CONV(tiles_avx_vnni, nn_pairs_avx2)
CONV(tiles_base, nn_pairs_avx512)
CONV(tiles_vnni, nn_pairs_avx512)
CONV(tiles_bf16, nn_pairs_avx512)
CONV(tiles_amx, nn_pairs_avx512)

// types: those whose lower precision pays.
#define USE(kernels, level, table, pairs, types)                                                   \
    do {                                                                                           \
        (kernels)->name = (level);                                                                 \
        (kernels)->conv = conv_##table;                                                            \
        (kernels)->conv_weights = conv_weights_##table;                                            \
        (kernels)->conv_pack = conv_pack_##table;                                                  \
        (kernels)->conv_scratch = conv_scratch_##pairs;                                            \
        (kernels)->fast_types = (types);                                                           \
    } while (0)

static void init_avx2(struct nn_kernels *kernels, unsigned cpu_flags)
{
    nn_kernels_init_loops_avx2(kernels);
    if (cpu_flags & MC_CPU_AVX_VNNI) {
        USE(kernels, "avx2", tiles_avx_vnni, nn_pairs_avx2, 1u << NN_U8);
    } else {
        USE(kernels, "avx2", tiles_avx2, nn_pairs_avx2, 0);
    }
}

static void init_avx512(struct nn_kernels *kernels, unsigned cpu_flags)
{
    // Every processor with products of bfloat16 has those of bytes.
    const unsigned products = MC_CPU_AVX512_VNNI | MC_CPU_AVX512_BF16;
    nn_kernels_init_loops_avx512(kernels);
    if (cpu_flags & MC_CPU_AMX) {
        USE(kernels, "amx", tiles_amx, nn_pairs_avx512, 1u << NN_U8 | 1u << NN_BF16);
    } else if ((cpu_flags & products) == products) {
        USE(kernels, "avx512", tiles_bf16, nn_pairs_avx512, 1u << NN_U8 | 1u << NN_BF16);
    } else if (cpu_flags & MC_CPU_AVX512_VNNI) {
        USE(kernels, "avx512", tiles_vnni, nn_pairs_avx512, 1u << NN_U8);
    } else {
        USE(kernels, "avx512", tiles_base, nn_pairs_avx512, 0);
    }
}

bool nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags)
{
    if (cpu_flags & MC_CPU_AVX512) {
        init_avx512(kernels, cpu_flags);
        return true;
    }
    if (cpu_flags & MC_CPU_AVX2) {
        init_avx2(kernels, cpu_flags);
        return true;
    }
    return false;
}
