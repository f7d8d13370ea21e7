#include "pipeline/track/resample.h"

#include <stddef.h>

#include "nn/tensor.h"
#include "pipeline/track/scaler.h"

// A position on one axis: the pixel before it, the one after it, and how far it is from
// the first to the second, 0 to 1.
struct pair {
    int low, high;
    float part;
};

// Pixels repeat beyond the edges. Without fminf and fmaxf, because calls to them are not
// inlined, and this is most of the cost of a turned region.
static inline struct pair pair_at(float position, int length)
{
    const float last = (float)(length - 1);
    float from_middle = position - 0.5f;
    from_middle = from_middle > 0 ? from_middle : 0;
    from_middle = from_middle < last ? from_middle : last;
    const int low = (int)from_middle;
    return (struct pair){ low, low + (low < length - 1), from_middle - (float)low };
}

void pipeline_resample(const struct pipeline_rgb *crop, const struct pipeline_mapping *mapping,
                       const float *table, const struct nn_tensor *input)
{
    const float zero = table[0], step = table[1] - table[0];
    for (int y = 0; y < input->height; y++) {
        const float v = (float)y + 0.5f;
        const float row_x = mapping->xy * v + mapping->x0, row_y = mapping->yy * v + mapping->y0;
        float *to = nn_tensor_at(input, y, 0);
        for (int x = 0; x < input->width; x++, to += input->pixel_stride) {
            const float u = (float)x + 0.5f;
            const struct pair across = pair_at(mapping->xx * u + row_x, crop->width);
            const struct pair down = pair_at(mapping->yx * u + row_y, crop->height);
            const ptrdiff_t above = (ptrdiff_t)down.low * crop->linesize;
            const ptrdiff_t below = (ptrdiff_t)down.high * crop->linesize;
            for (int c = 0; c < 3; c++) {
                const uint8_t *plane = crop->planes[c];
                const float a = plane[above + across.low], b = plane[above + across.high];
                const float d = plane[below + across.low], e = plane[below + across.high];
                const float upper = a + (b - a) * across.part, lower = d + (e - d) * across.part;
                to[c] = zero + step * (upper + (lower - upper) * down.part);
            }
        }
    }
}
