// Heat maps. Part of kernels_loops.h.

#include "nn/kernels/kernels.h"
#include "nn/kernels/loops_vec.h"

// One vector of channels: the largest logit so far, and the sums.
struct heat {
    int first; // channel
    loops_vec max, weight, by_x, by_y, square;
};

enum { HEAT_BLOCKS = 16 }; // at a time, so that their rows stay in the L1 cache

// count: the lanes of a vector, or the number of channels if that is smaller.
static inline __attribute__((always_inline)) void heat_row_max(const struct nn_tensor *maps, int y,
                                                               const int count, struct heat *heat)
{
    const loops_vec lowest = (loops_vec){ 0 } - 1e30f; // its weight is 0
    const float *pixel = nn_tensor_at(maps, y, 0) + heat->first;
    loops_vec max = heat->max;
    for (int x = 0; x < maps->width; x++, pixel += maps->pixel_stride) {
        max = loops_max(max, loops_load(pixel, count, lowest));
    }
    heat->max = max;
}

static inline __attribute__((always_inline)) void heat_row_sums(const struct nn_tensor *maps,
                                                                float inverse, int y,
                                                                const int count, struct heat *heat,
                                                                float *weights)
{
    const loops_vec lowest = (loops_vec){ 0 } - 1e30f, max = heat->max;
    const float *pixel = nn_tensor_at(maps, y, 0) + heat->first;
    const size_t channels = (size_t)maps->channels;
    if (weights != NULL) {
        weights += (size_t)y * (size_t)maps->width * channels + (size_t)heat->first;
    }
    loops_vec row = { 0 }, row_x = { 0 }, row_xx = { 0 }, at = { 0 };
    for (int x = 0; x < maps->width; x++, pixel += maps->pixel_stride, at += 1.0f) {
        const loops_vec w = loops_exp((loops_load(pixel, count, lowest) - max) * inverse);
        row += w;
        row_x += w * at;
        row_xx += w * (at * at);
        if (weights != NULL) {
            loops_store(weights, w, count);
            weights += channels;
        }
    }
    const float at_y = (float)y;
    heat->weight += row;
    heat->by_x += row_x;
    heat->by_y += row * at_y;
    heat->square += row_xx + row * (at_y * at_y);
}

static inline __attribute__((always_inline)) void heat_blocks(const struct nn_tensor *maps,
                                                              float inverse, struct heat *heat,
                                                              int blocks, const int count,
                                                              float *sums, float *weights)
{
    for (int y = 0; y < maps->height; y++) {
        for (int i = 0; i < blocks; i++) {
            heat_row_max(maps, y, count, &heat[i]);
        }
    }
    for (int y = 0; y < maps->height; y++) {
        for (int i = 0; i < blocks; i++) {
            heat_row_sums(maps, inverse, y, count, &heat[i], weights);
        }
    }
    for (int i = 0; i < blocks; i++) {
        for (int c = 0; c < count; c++) {
            float *of = sums + 4 * (heat[i].first + c);
            of[0] = heat[i].weight[c];
            of[1] = heat[i].by_x[c];
            of[2] = heat[i].by_y[c];
            of[3] = heat[i].square[c];
        }
    }
}

// The last vector of channels starts early enough to be full: summing some channels twice is
// faster than a partial vector.
static void loops_heat_sums(const struct nn_tensor *maps, float temperature, float *sums,
                            float *weights)
{
    const float inverse = 1 / temperature;
    const loops_vec lowest = (loops_vec){ 0 } - 1e30f;
    const int channels = maps->channels, last = channels - LOOPS_LANES;
    for (int first = 0; first < channels; first += HEAT_BLOCKS * LOOPS_LANES) {
        struct heat heat[HEAT_BLOCKS];
        int blocks = 0;
        for (int c = first; c < channels && blocks < HEAT_BLOCKS; c += LOOPS_LANES) {
            heat[blocks++] =
                (struct heat){ .first = c > last && last > 0 ? last : c, .max = lowest };
        }
        if (last >= 0) {
            heat_blocks(maps, inverse, heat, blocks, LOOPS_LANES, sums, weights);
        } else {
            heat_blocks(maps, inverse, heat, blocks, channels, sums, weights);
        }
    }
}

// How many heat maps and vectors of features are summed at a time, in registers.
enum { SUM_MAPS = 4, SUM_VECS = 3 };

struct weighted_sum {
    const float *weights; // from the first heat map on
    int height, width, count;
    const struct nn_tensor *features;
    int dy, dx;
    float *sums; // from the first heat map on
};

static inline __attribute__((always_inline)) void
weighted_sum_block(const struct weighted_sum *sum_of, int channel, const int maps, const int vecs,
                   const int last)
{
    loops_vec sum[SUM_MAPS][SUM_VECS] = { 0 };
    const loops_vec none = { 0 };
    for (int y = 0; y < sum_of->height; y++) {
        const float *weights =
            sum_of->weights + (size_t)y * (size_t)sum_of->width * (size_t)sum_of->count;
        const float *pixel = nn_tensor_at(sum_of->features, y + sum_of->dy, sum_of->dx) + channel;
        for (int x = 0; x < sum_of->width; x++) {
            float any = 0;
            for (int k = 0; k < maps; k++) {
                any += weights[k];
            }
            // A sharp map is zero nearly everywhere.
            if (any > 0) {
                loops_vec pixels[SUM_VECS];
                for (int v = 0; v < vecs; v++) {
                    pixels[v] = loops_load(pixel + v * LOOPS_LANES,
                                           v + 1 < vecs ? LOOPS_LANES : last, none);
                }
                for (int k = 0; k < maps; k++) {
                    for (int v = 0; v < vecs; v++) {
                        sum[k][v] += pixels[v] * weights[k];
                    }
                }
            }
            weights += sum_of->count;
            pixel += sum_of->features->pixel_stride;
        }
    }
    for (int k = 0; k < maps; k++) {
        float *to = sum_of->sums + k * sum_of->features->channels + channel;
        for (int v = 0; v < vecs; v++) {
            loops_store(to + v * LOOPS_LANES, sum[k][v], v + 1 < vecs ? LOOPS_LANES : last);
        }
    }
}

static void weighted_sum_maps(const struct weighted_sum *sum_of, const int maps)
{
    const int channels = sum_of->features->channels, whole = SUM_VECS * LOOPS_LANES;
    int c = 0;
    for (; c + whole <= channels; c += whole) {
        if (maps == SUM_MAPS) {
            weighted_sum_block(sum_of, c, SUM_MAPS, SUM_VECS, LOOPS_LANES);
        } else {
            weighted_sum_block(sum_of, c, maps, SUM_VECS, LOOPS_LANES);
        }
    }
    for (; c < channels; c += LOOPS_LANES) {
        const int left = channels - c;
        if (left >= LOOPS_LANES) {
            weighted_sum_block(sum_of, c, maps, 1, LOOPS_LANES);
        } else {
            weighted_sum_block(sum_of, c, maps, 1, left);
        }
    }
}

static void loops_weighted_sum(const float *weights, int height, int width, int count,
                               const struct nn_tensor *features, int dy, int dx, float *sums)
{
    struct weighted_sum sum_of = { weights, height, width, count, features, dy, dx, sums };
    for (int k = 0; k < count; k += SUM_MAPS) {
        weighted_sum_maps(&sum_of, count - k < SUM_MAPS ? count - k : SUM_MAPS);
        sum_of.weights += SUM_MAPS;
        sum_of.sums += SUM_MAPS * features->channels;
    }
}
