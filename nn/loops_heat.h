// Heat maps: a part of kernels_loops.h.

#include "nn/kernels.h"
#include "nn/loops_vec.h"

static inline __attribute__((always_inline)) void heat_block(const struct nn_tensor *maps,
                                                             float inverse, int first,
                                                             const int count, float *sums,
                                                             float *weights)
{
    const loops_vec lowest = (loops_vec){ 0 } - 1e30f; // weighs nothing
    loops_vec most = lowest;
    for (int y = 0; y < maps->height; y++) {
        for (int x = 0; x < maps->width; x++) {
            most = loops_max(most, loops_load(nn_tensor_at(maps, y, x) + first, count, lowest));
        }
    }
    loops_vec weight = { 0 }, by_x = { 0 }, by_y = { 0 }, square = { 0 };
    for (int y = 0; y < maps->height; y++) {
        loops_vec row = { 0 }, row_x = { 0 }, row_xx = { 0 };
        for (int x = 0; x < maps->width; x++) {
            loops_vec logit = loops_load(nn_tensor_at(maps, y, x) + first, count, lowest);
            loops_vec w = loops_exp((logit - most) * inverse);
            const float at = (float)x;
            row += w;
            row_x += w * at;
            row_xx += w * (at * at);
            if (weights != NULL) {
                loops_store(weights + (size_t)(y * maps->width + x) * (size_t)maps->channels +
                                first,
                            w, count);
            }
        }
        const float at = (float)y;
        weight += row;
        by_x += row_x;
        by_y += row * at;
        square += row_xx + row * (at * at);
    }
    for (int i = 0; i < count; i++) {
        float *of = sums + 4 * (first + i);
        of[0] = weight[i];
        of[1] = by_x[i];
        of[2] = by_y[i];
        of[3] = square[i];
    }
}

static void loops_heat_sums(const struct nn_tensor *maps, float temperature, float *sums,
                            float *weights)
{
    const float inverse = 1 / temperature;
    int first = 0;
    for (; first + LOOPS_LANES <= maps->channels; first += LOOPS_LANES) {
        heat_block(maps, inverse, first, LOOPS_LANES, sums, weights);
    }
    if (first < maps->channels) {
        heat_block(maps, inverse, first, maps->channels - first, sums, weights);
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
