// The store of byte maps, four vectors of sums at a time: they become one vector of bytes, so
// that each conversion and store serves as many numbers as possible. Part of conv_tile.h for
// byte and float32 inputs where the vectors offer PACKS_U8: ivec pack_u8(a, b, c, d), which rounds
// four vectors, clamps them to 0 to 255 and returns their bytes, a's first; pack_store and
// pack_store_pair (see x86/vec512.h).

// The sums of one vector of channels in units of the output's scale, with the residual, which
// is worth factor each. Clamping will do the ReLU.
struct packing {
    vec scale, bias, factor;
};

INLINE vec sums_in_units(const struct nn_tile *tile, const struct packing *packing, int p, int c,
                         acc sum)
{
#if defined(FLOAT_INPUT)
    const vec value = vec_mul(sum, packing->scale); // the bias is in it
#else
    const vec value = vec_fma(vec_of(sum), packing->scale, packing->bias);
#endif
    if (tile->residual == NULL) {
        return value;
    }
    const char *residual = tile->residual + (size_t)p * tile->residual_step + c;
    return vec_fma(vec_load_u8((const uint8_t *)residual, LANES), packing->factor, value);
}

// Whether sums_store_u8 can store this tile: whole vectors, and no slopes.
INLINE bool tile_packs_u8(const struct nn_tile *tile, const int vectors)
{
    return tile->out_type == NN_U8 && tile->channels >= vectors * LANES &&
           tile->pre_slope == NULL && (tile->slope == NULL || tile->relu) &&
           (tile->residual == NULL || tile->residual_channels >= vectors * LANES);
}

INLINE void sums_store_u8(const struct nn_tile *tile, const acc *sum, const int pixels,
                          const int vectors)
{
    enum { PACKED = 4 };
    const struct nn_tile at = *tile; // a copy that no store can alias
    const vec inverse = vec_set1(at.out_inverse);
    struct packing packing[NN_TILE_VECTORS_MAX];
    UNROLL
    for (int v = 0; v < vectors; v++) {
#if defined(FLOAT_INPUT)
        packing[v].scale = inverse;
#else
        packing[v].scale = vec_mul(vec_load(at.scale + v * LANES), inverse);
        packing[v].bias = vec_mul(vec_load(at.bias + v * LANES), inverse);
#endif
        packing[v].factor = vec_set1(at.residual_scale * at.out_inverse);
    }
    const int count = pixels * vectors, together = vectors == 2 ? 2 : 1;
    UNROLL
    for (int first = 0; first < count; first += PACKED) {
        vec value[PACKED];
        UNROLL
        for (int i = 0; i < PACKED; i++) {
            const int s = first + i, v = s % vectors;
            value[i] = s < count ? sums_in_units(&at, &packing[v], s / vectors, v * LANES, sum[s])
                                 : value[0];
        }
        const ivec pack = pack_u8(value[0], value[1], value[2], value[3]);
        UNROLL
        for (int i = 0; i < PACKED; i += together) {
            const int s = first + i, c = s % vectors * LANES;
            const size_t p = (size_t)(s / vectors);
            if (s >= count) {
                continue;
            }
            uint8_t *out = (uint8_t *)at.out + p * at.out_step;
            const uint8_t *partner = (const uint8_t *)at.partner;
            if (partner != NULL) {
                partner += p * at.partner_step + c;
                out += c;
            }
            if (together == 2) {
                pack_store_pair(pack, i, out + c, partner, at.partner_first);
            } else {
                pack_store(pack, i, out + c, partner, at.partner_first);
            }
        }
    }
}
