// Heat maps: a part of kernels_loops.h.

#include "nn/kernels/kernels.h"
#include "nn/kernels/loops_vec.h"

// As many channels as a vector has: the largest logit so far, and the sums.
struct heat {
    int first; // of the channels
    loops_vec most, weight, by_x, by_y, square;
};

enum { HEAT_BLOCKS = 16 }; // at a time: their rows stay in the nearest cache

// count is the vector's, or that of all channels where a vector has more.
static inline __attribute__((always_inline)) void heat_row_most(const struct nn_tensor *maps, int y,
                                                                const int count, struct heat *heat)
{
    const loops_vec lowest = (loops_vec){ 0 } - 1e30f; // weighs nothing
    const float *pixel = nn_tensor_at(maps, y, 0) + heat->first;
    loops_vec most = heat->most;
    for (int x = 0; x < maps->width; x++, pixel += maps->pixel_stride) {
        most = loops_max(most, loops_load(pixel, count, lowest));
    }
    heat->most = most;
}

static inline __attribute__((always_inline)) void heat_row_sums(const struct nn_tensor *maps,
                                                                float inverse, int y,
                                                                const int count, struct heat *heat,
                                                                float *weights)
{
    const loops_vec lowest = (loops_vec){ 0 } - 1e30f, most = heat->most;
    const float *pixel = nn_tensor_at(maps, y, 0) + heat->first;
    const size_t channels = (size_t)maps->channels;
    if (weights != NULL) {
        weights += (size_t)y * (size_t)maps->width * channels + (size_t)heat->first;
    }
    loops_vec row = { 0 }, row_x = { 0 }, row_xx = { 0 }, at = { 0 };
    for (int x = 0; x < maps->width; x++, pixel += maps->pixel_stride, at += 1.0f) {
        const loops_vec w = loops_exp((loops_load(pixel, count, lowest) - most) * inverse);
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
            heat_row_most(maps, y, count, &heat[i]);
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

// The last vector of channels begins early enough to be a whole one: some channels
// are summed twice, which is faster than part of a vector.
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
                (struct heat){ .first = c > last && last > 0 ? last : c, .most = lowest };
        }
        if (last >= 0) {
            heat_blocks(maps, inverse, heat, blocks, LOOPS_LANES, sums, weights);
        } else {
            heat_blocks(maps, inverse, heat, blocks, channels, sums, weights);
        }
    }
}

// Some heat maps and some channels of features: their sums stay in registers.
enum { LOOK_MAPS = 4, LOOK_VECS = 3 };

struct look {
    const float *weights; // of the first heat map
    int height, width, count;
    const struct nn_tensor *features;
    int dy, dx;
    float *sums; // of the first heat map and channel
};

static inline __attribute__((always_inline)) void
look_block(const struct look *look, int channel, const int maps, const int vecs, const int last)
{
    loops_vec sum[LOOK_MAPS][LOOK_VECS] = { 0 };
    const loops_vec none = { 0 };
    for (int y = 0; y < look->height; y++) {
        const float *weights =
            look->weights + (size_t)y * (size_t)look->width * (size_t)look->count;
        const float *pixel = nn_tensor_at(look->features, y + look->dy, look->dx) + channel;
        for (int x = 0; x < look->width; x++) {
            float any = 0;
            for (int k = 0; k < maps; k++) {
                any += weights[k];
            }
            // A sharp map is zero nearly everywhere.
            if (any > 0) {
                loops_vec seen[LOOK_VECS];
                for (int v = 0; v < vecs; v++) {
                    seen[v] = loops_load(pixel + v * LOOPS_LANES, v + 1 < vecs ? LOOPS_LANES : last,
                                         none);
                }
                for (int k = 0; k < maps; k++) {
                    for (int v = 0; v < vecs; v++) {
                        sum[k][v] += seen[v] * weights[k];
                    }
                }
            }
            weights += look->count;
            pixel += look->features->pixel_stride;
        }
    }
    for (int k = 0; k < maps; k++) {
        float *to = look->sums + k * look->features->channels + channel;
        for (int v = 0; v < vecs; v++) {
            loops_store(to + v * LOOPS_LANES, sum[k][v], v + 1 < vecs ? LOOPS_LANES : last);
        }
    }
}

static void look_maps(const struct look *look, const int maps)
{
    const int channels = look->features->channels, whole = LOOK_VECS * LOOPS_LANES;
    int c = 0;
    for (; c + whole <= channels; c += whole) {
        if (maps == LOOK_MAPS) {
            look_block(look, c, LOOK_MAPS, LOOK_VECS, LOOPS_LANES);
        } else {
            look_block(look, c, maps, LOOK_VECS, LOOPS_LANES);
        }
    }
    for (; c < channels; c += LOOPS_LANES) {
        const int left = channels - c;
        if (left >= LOOPS_LANES) {
            look_block(look, c, maps, 1, LOOPS_LANES);
        } else {
            look_block(look, c, maps, 1, left);
        }
    }
}

static void loops_heat_look(const float *weights, int height, int width, int count,
                            const struct nn_tensor *features, int dy, int dx, float *sums)
{
    struct look look = { weights, height, width, count, features, dy, dx, sums };
    for (int k = 0; k < count; k += LOOK_MAPS) {
        look_maps(&look, count - k < LOOK_MAPS ? count - k : LOOK_MAPS);
        look.weights += LOOK_MAPS;
        look.sums += LOOK_MAPS * features->channels;
    }
}
