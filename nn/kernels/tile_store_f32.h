// The epilogue and the store of float32 maps from float32 sums, step by step for all vectors of
// a tile, so that what is common to them is decided once. Part of conv_tile.h for float32
// inputs.

// Whether sums_store_f32 can store this tile. With a partner, vectors must be whole.
INLINE bool tile_stores_f32(const struct nn_tile *tile, const int vectors)
{
    return tile->out_type == NN_F32 && tile->pre_slope == NULL &&
           (tile->residual == NULL || tile->residual_channels >= tile->channels) &&
           (tile->partner == NULL || tile->channels >= vectors * LANES);
}

INLINE void sums_add_residual(const struct nn_tile *tile, acc *sum, const int pixels,
                              const int vectors)
{
    const char *residual = tile->residual;
    const int last = tile->channels - (vectors - 1) * LANES; // channels of the last vector
    UNROLL
    for (int p = 0; p < pixels; p++, residual += tile->residual_step) {
        const float *from = (const float *)(const void *)residual;
        UNROLL
        for (int v = 0; v < vectors; v++) {
            acc *at = &sum[p * vectors + v];
            *at = vec_add(*at, v + 1 < vectors ? vec_load(from + v * LANES)
                                               : load_part(from + v * LANES, last));
        }
    }
}

INLINE void sums_activate(const struct nn_tile *tile, acc *sum, const int pixels, const int vectors)
{
    if (tile->relu) {
        UNROLL
        for (int i = 0; i < pixels * vectors; i++) {
            sum[i] = vec_max(sum[i], vec_zero());
        }
    } else if (tile->slope != NULL) {
        UNROLL
        for (int i = 0; i < pixels * vectors; i++) {
            sum[i] = vec_slope(sum[i], tile->slope + i % vectors * LANES);
        }
    }
}

INLINE void sums_store_f32(const struct nn_tile *tile, acc *sum, const int pixels,
                           const int vectors)
{
    const struct nn_tile at = *tile; // a copy that no store can alias
    if (at.residual != NULL) {
        sums_add_residual(&at, sum, pixels, vectors);
    }
    sums_activate(&at, sum, pixels, vectors);
    const int last = at.channels - (vectors - 1) * LANES;
    char *out = at.out;
    if (at.partner == NULL) {
        UNROLL
        for (int p = 0; p < pixels; p++, out += at.out_step) {
            float *to = (float *)(void *)out;
            UNROLL
            for (int v = 0; v < vectors; v++) {
                if (v + 1 < vectors) {
                    vec_store(to + v * LANES, sum[p * vectors + v]);
                } else {
                    store_part(to + v * LANES, sum[p * vectors + v], last);
                }
            }
        }
        return;
    }
    const char *partner = at.partner;
    UNROLL
    for (int p = 0; p < pixels; p++, out += at.out_step, partner += at.partner_step) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            store_f32(&at, (float *)(void *)out, (const float *)(const void *)partner, v * LANES,
                      LANES, sum[p * vectors + v]);
        }
    }
}
