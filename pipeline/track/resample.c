#include "pipeline/track/resample.h"

#include <string.h>

#include "nn/tensor.h"
#include "pipeline/mapping.h"

// A pixel's numbers, its fourth included.
typedef float vector __attribute__((vector_size(16)));

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

static inline vector pixel_at(const struct nn_tensor *image, int y, int x)
{
    vector pixel;
    memcpy(&pixel, nn_tensor_at(image, y, x), sizeof pixel);
    return pixel;
}

void pipeline_resample(const struct nn_tensor *image, const struct pipeline_mapping *mapping,
                       const struct nn_tensor *input)
{
    for (int y = 0; y < input->height; y++) {
        const float v = (float)y + 0.5f;
        const float row_x = mapping->xy * v + mapping->x0, row_y = mapping->yy * v + mapping->y0;
        float *to = nn_tensor_at(input, y, 0);
        for (int x = 0; x < input->width; x++, to += input->pixel_stride) {
            const float u = (float)x + 0.5f;
            const struct pair across = pair_at(mapping->xx * u + row_x, image->width);
            const struct pair down = pair_at(mapping->yx * u + row_y, image->height);
            const vector a = pixel_at(image, down.low, across.low);
            const vector b = pixel_at(image, down.low, across.high);
            const vector c = pixel_at(image, down.high, across.low);
            const vector d = pixel_at(image, down.high, across.high);
            const vector upper = a + (b - a) * across.part;
            const vector lower = c + (d - c) * across.part;
            const vector mixed = upper + (lower - upper) * down.part;
            to[0] = mixed[0];
            to[1] = mixed[1];
            to[2] = mixed[2];
        }
    }
}
