#include "nn/x86/kernels_x86.h"

#include "base/cpu.h"
#include "nn/conv_pairs.h"
#include "nn/conv_plain.h"

// ---- AVX2: float32; the rest is plain C's -----------------------------------------

static bool is_f32(const struct nn_conv *conv)
{
    return conv->type == NN_F32 && conv->out_type == NN_F32;
}

static void conv_avx2(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                      struct nn_rows rows, float *scratch)
{
    if (nn_conv_pairs_fits(conv)) {
        nn_conv_pairs(&nn_pairs_avx2, conv, maps, rows, scratch);
    } else if (is_f32(conv)) {
        nn_conv_direct(&nn_tiles_avx2, conv, maps, rows);
    } else {
        nn_conv_c(conv, maps, rows, scratch);
    }
}

static size_t conv_weights_avx2(const struct nn_conv *conv)
{
    return nn_conv_pairs_fits(conv) ? nn_conv_pairs_weights(&nn_pairs_avx2, conv)
           : is_f32(conv)           ? nn_conv_direct_weights(&nn_tiles_avx2, conv)
                                    : nn_conv_weights_c(conv);
}

static size_t conv_scratch_avx2(const struct nn_conv *conv)
{
    return nn_conv_pairs_fits(conv) ? nn_conv_pairs_scratch(&nn_pairs_avx2, conv) : 0;
}

static void conv_pack_avx2(const struct nn_conv *conv, const float *plain, float *packed)
{
    if (nn_conv_pairs_fits(conv)) {
        nn_conv_pairs_pack(&nn_pairs_avx2, conv, plain, packed);
    } else if (is_f32(conv)) {
        nn_conv_direct_pack(&nn_tiles_avx2, conv, plain, packed);
    } else {
        nn_conv_pack_c(conv, plain, packed);
    }
}

// ---- AVX-512: every type that the processor has products for -----------------------

// By type of input; NULL: plain C. Set once, before kernels are used.
static const struct nn_tile_set *const tiles_base[NN_TYPE_COUNT] = { [NN_F32] = &nn_tiles_avx512 };
static const struct nn_tile_set *const tiles_vnni[NN_TYPE_COUNT] = {
    [NN_F32] = &nn_tiles_avx512, [NN_U8] = &nn_tiles_avx512_u8
};
static const struct nn_tile_set *const tiles_bf16[NN_TYPE_COUNT] = {
    [NN_F32] = &nn_tiles_avx512, [NN_BF16] = &nn_tiles_avx512_bf16, [NN_U8] = &nn_tiles_avx512_u8
};

// The three functions for one table of tiles.
#define CONV_AVX512(table)                                                                         \
    static void conv_##table(const struct nn_conv *conv, const struct nn_conv_maps *maps,          \
                             struct nn_rows rows, float *scratch)                                  \
    {                                                                                              \
        if (nn_conv_pairs_fits(conv)) {                                                            \
            nn_conv_pairs(&nn_pairs_avx512, conv, maps, rows, scratch);                            \
        } else if (table[conv->type] != NULL) {                                                    \
            nn_conv_direct(table[conv->type], conv, maps, rows);                                   \
        } else {                                                                                   \
            nn_conv_c(conv, maps, rows, scratch);                                                  \
        }                                                                                          \
    }                                                                                              \
    static size_t conv_weights_##table(const struct nn_conv *conv)                                 \
    {                                                                                              \
        return nn_conv_pairs_fits(conv)    ? nn_conv_pairs_weights(&nn_pairs_avx512, conv)         \
               : table[conv->type] != NULL ? nn_conv_direct_weights(table[conv->type], conv)       \
                                           : nn_conv_weights_c(conv);                              \
    }                                                                                              \
    static void conv_pack_##table(const struct nn_conv *conv, const float *plain, float *packed)   \
    {                                                                                              \
        if (nn_conv_pairs_fits(conv)) {                                                            \
            nn_conv_pairs_pack(&nn_pairs_avx512, conv, plain, packed);                             \
        } else if (table[conv->type] != NULL) {                                                    \
            nn_conv_direct_pack(table[conv->type], conv, plain, packed);                           \
        } else {                                                                                   \
            nn_conv_pack_c(conv, plain, packed);                                                   \
        }                                                                                          \
    }

CONV_AVX512(tiles_base)
CONV_AVX512(tiles_vnni)
CONV_AVX512(tiles_bf16)

static size_t conv_scratch_avx512(const struct nn_conv *conv)
{
    return nn_conv_pairs_fits(conv) ? nn_conv_pairs_scratch(&nn_pairs_avx512, conv) : 0;
}

static void init_avx512(struct nn_kernels *kernels, unsigned cpu_flags)
{
    kernels->conv_scratch = conv_scratch_avx512;
    kernels->conv = conv_tiles_base;
    kernels->conv_weights = conv_weights_tiles_base;
    kernels->conv_pack = conv_pack_tiles_base;
    if (cpu_flags & MC_CPU_AVX512_VNNI) {
        kernels->conv = conv_tiles_vnni;
        kernels->conv_weights = conv_weights_tiles_vnni;
        kernels->conv_pack = conv_pack_tiles_vnni;
        kernels->fast_types |= 1u << NN_U8;
    }
    // Every processor with the one has the other.
    if ((cpu_flags & MC_CPU_AVX512_BF16) && (cpu_flags & MC_CPU_AVX512_VNNI)) {
        kernels->conv = conv_tiles_bf16;
        kernels->conv_weights = conv_weights_tiles_bf16;
        kernels->conv_pack = conv_pack_tiles_bf16;
        kernels->fast_types |= 1u << NN_BF16;
    }
}

bool nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags)
{
    if (cpu_flags & MC_CPU_AVX512) {
        kernels->name = "avx512";
        nn_kernels_init_loops_avx512(kernels);
        init_avx512(kernels, cpu_flags);
        return true;
    }
    if (cpu_flags & MC_CPU_AVX2) {
        kernels->name = "avx2";
        nn_kernels_init_loops_avx2(kernels);
        kernels->conv_scratch = conv_scratch_avx2;
        kernels->conv = conv_avx2;
        kernels->conv_weights = conv_weights_avx2;
        kernels->conv_pack = conv_pack_avx2;
        return true;
    }
    return false;
}
