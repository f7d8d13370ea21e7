#include "pipeline/resample.h"

#include <math.h>

#include "nn/tensor.h"
#include "pipeline/preprocess.h"

static int clamp(int value, int high)
{
    return value < 0 ? 0 : value > high ? high : value;
}

// Two neighbours on one axis, and how far the place is from the first to the second.
struct pair {
    int low, high;
    float part;
};

static struct pair pair_at(float place, int length)
{
    const float from_middle = fminf(fmaxf(place - 0.5f, -1), (float)length);
    const int low = (int)floorf(from_middle);
    return (struct pair){ clamp(low, length - 1), clamp(low + 1, length - 1),
                          from_middle - (float)low };
}

void pipeline_resample(const struct pipeline_rgb *crop, const struct pipeline_mapping *mapping,
                       const float *table, const struct nn_tensor *input)
{
    const float zero = table[0], step = table[1] - table[0];
    for (int y = 0; y < input->height; y++) {
        const float v = (float)y + 0.5f;
        float *to = nn_tensor_at(input, y, 0);
        for (int x = 0; x < input->width; x++, to += input->pixel_stride) {
            const float u = (float)x + 0.5f;
            const struct pair across =
                pair_at(mapping->xx * u + mapping->xy * v + mapping->x0, crop->width);
            const struct pair down =
                pair_at(mapping->yx * u + mapping->yy * v + mapping->y0, crop->height);
            const uint8_t *above = crop->bytes + (ptrdiff_t)down.low * crop->linesize;
            const uint8_t *below = crop->bytes + (ptrdiff_t)down.high * crop->linesize;
            for (int c = 0; c < 3; c++) {
                const float a = above[across.low * 3 + c], b = above[across.high * 3 + c];
                const float d = below[across.low * 3 + c], e = below[across.high * 3 + c];
                const float upper = a + (b - a) * across.part, lower = d + (e - d) * across.part;
                to[c] = zero + step * (upper + (lower - upper) * down.part);
            }
        }
    }
}
