#include "nn/kernels/conv_winograd.h"

#include <string.h>

enum {
    BATCH_FLOATS = 18432, // of transformed input: a part of the L2 cache
    BATCH_MAX = 96,       // tiles
    BATCH_MULTIPLE = 24,  // a multiple of every tiles_max
};

static bool is_vertical(const struct nn_conv *conv)
{
    return conv->taps[2].dy != 0;
}

static int dilation_of(const struct nn_conv *conv)
{
    return conv->taps[2].dy + conv->taps[2].dx;
}

// ---- F(2, 3), F(4, 3) or neither ------------------------------------------------

// Products along one axis, over all its lines of every dilation'th pixel: directly where
// outputs is 1, which skips taps outside the map, else in tiles of that many outputs.
static int products_along(const struct nn_conv *conv, int outputs)
{
    const int edge = is_vertical(conv) ? conv->out_height : conv->out_width;
    const int dilation = dilation_of(conv);
    int products = 0;
    for (int first = 0; first < dilation && first < edge; first++) {
        const int length = (edge - first + dilation - 1) / dilation;
        products +=
            outputs == 1 ? 3 * length - 2 : (length + outputs - 1) / outputs * (outputs + 2);
    }
    return products;
}

// The outputs of a tile; 1: no Winograd. Per product, the transforms take a time that is
// inverse to the number of channels: of input for its transform, of output for theirs. Down
// columns, the direct convolution misses the cache where rows lie a multiple of 4 KiB apart.
// The factors are measured.
static int outputs_of(const struct nn_conv *conv)
{
    const float transforms = 1 / (float)conv->in_channels + 1 / (float)conv->out_channels;
    const float direct = (float)products_along(conv, 1) * (is_vertical(conv) ? 1.15f : 1);
    const float two = (float)products_along(conv, 2) * (1 + 6.4f * transforms);
    const float four = (float)products_along(conv, 4) * (1 + 8 * transforms);
    return four < two && four < direct ? 4 : two < direct ? 2 : 1;
}

bool nn_winograd_pays(const struct nn_conv *conv)
{
    return conv->type == NN_F32 && conv->out_type == NN_F32 && conv->out_channels > 1 &&
           nn_conv_is_1d(conv) && outputs_of(conv) > 1;
}

static int products_of(const struct nn_conv *conv)
{
    return outputs_of(conv) + 2;
}

static int kind_of(const struct nn_conv *conv)
{
    return outputs_of(conv) == 4 ? 1 : 0;
}

// ---- weights ------------------------------------------------------------------

static int round_up(int count, int multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

size_t nn_winograd_weights(const struct nn_winograd_set *set, const struct nn_conv *conv)
{
    return (size_t)products_of(conv) * (size_t)conv->in_channels *
           (size_t)round_up(conv->out_channels, set->lanes);
}

// The right factor of product m. g points to the first tap's weight; the other two follow
// at distances of tap_floats.
static float right_factor(int products, int m, const float *g, size_t tap_floats)
{
    const double g0 = (double)g[0], g1 = (double)g[tap_floats], g2 = (double)g[2 * tap_floats];
    const double a = (double)NN_WINOGRAD_A, b = (double)NN_WINOGRAD_B;
    const double sign = m % 2 == 1 ? 1 : -1;
    if (m == 0) {
        return (float)(products == 4 ? g0 : g0 / (a * a * b * b));
    }
    if (m + 1 == products) {
        return (float)g2;
    }
    if (products == 4) {
        return (float)((g0 + sign * g1 + g2) / 2);
    }
    const double at = m < 3 ? a : b, other = m < 3 ? b : a;
    return (float)((g0 + sign * at * g1 + at * at * g2) /
                   (2 * at * at * (at * at - other * other)));
}

void nn_winograd_pack(const struct nn_winograd_set *set, const struct nn_conv *conv,
                      const float *plain, float *packed)
{
    const size_t outs = (size_t)conv->out_channels, tap_floats = (size_t)conv->in_channels * outs;
    const int products = products_of(conv);
    for (int left = round_up(conv->out_channels, set->lanes) / set->lanes, first = 0; left > 0;) {
        const int vectors = nn_tile_block_vectors(left), width = vectors * set->lanes;
        for (int m = 0; m < products; m++) {
            for (int ci = 0; ci < conv->in_channels; ci++) {
                for (int co = first; co < first + width; co++) {
                    const float *g = plain + (size_t)ci * outs + (size_t)co;
                    *packed++ =
                        co < conv->out_channels ? right_factor(products, m, g, tap_floats) : 0;
                }
            }
        }
        left -= vectors;
        first += width;
    }
}

// ---- batches ------------------------------------------------------------------

// Tiles collected until they fill the scratch.
struct batch {
    const struct nn_winograd_set *set;
    const struct nn_conv *conv;
    const struct nn_conv_maps *maps;
    bool vertical;
    int edge; // of the input along the axis
    int outputs, products, dilation;
    ptrdiff_t in_step;                 // floats from one input of a tile to the next
    float *zeros, *transformed, *sums; // in scratch
    int capacity;                      // tiles that they can hold
    int count;
    struct nn_winograd_tile tiles[BATCH_MAX];
};

static int batch_capacity(const struct nn_winograd_set *set, const struct nn_conv *conv)
{
    const int tile_floats = products_of(conv) * round_up(conv->in_channels, set->lanes);
    const int capacity = BATCH_FLOATS / tile_floats / BATCH_MULTIPLE * BATCH_MULTIPLE;
    return capacity < BATCH_MULTIPLE ? BATCH_MULTIPLE : capacity > BATCH_MAX ? BATCH_MAX : capacity;
}

size_t nn_winograd_scratch(const struct nn_winograd_set *set, const struct nn_conv *conv)
{
    const size_t channels = (size_t)round_up(conv->in_channels, set->lanes);
    const size_t products = (size_t)products_of(conv) * (size_t)batch_capacity(set, conv);
    return channels + products * (channels + NN_TILE_VECTORS_MAX * (size_t)set->lanes);
}

// Bytes from a tile's output to its next.
static size_t step_of(const struct nn_tensor *map, const struct nn_conv *conv)
{
    const size_t stride = is_vertical(conv) ? map->row_stride : map->pixel_stride;
    return (size_t)dilation_of(conv) * stride * sizeof(float);
}

// One block of output channels of the whole batch: product by product, so that the weights of
// one stay in the L1 cache.
static void run_block(const struct batch *batch, const struct nn_tile *args, int vectors)
{
    const struct nn_winograd_set *set = batch->set;
    const size_t channels = (size_t)batch->conv->in_channels;
    const size_t in_step = (size_t)round_up(batch->conv->in_channels, set->lanes);
    const size_t width = (size_t)(vectors * set->lanes);
    const size_t sum_step = (size_t)batch->products * width;
    const int most = set->tiles_max[vectors - 1];
    for (int m = 0; m < batch->products; m++) {
        const float *in = batch->transformed + (size_t)m * (size_t)batch->capacity * in_step;
        const float *weights = args->weights + (size_t)m * channels * width;
        float *sums = batch->sums + (size_t)m * width;
        int calls = (batch->count + most - 1) / most;
        for (int left = batch->count; left > 0; calls--) {
            const int tiles = (left + calls - 1) / calls; // about as many in each call
            set->product[vectors - 1][tiles - 1](in, in_step, batch->conv->in_channels, weights,
                                                 sums, sum_step);
            in += (size_t)tiles * in_step;
            sums += (size_t)tiles * sum_step;
            left -= tiles;
        }
    }
    set->output[kind_of(batch->conv)][vectors - 1](args, batch->tiles, batch->count, batch->sums);
}

static void run_batch(struct batch *batch)
{
    const struct nn_conv *conv = batch->conv;
    const struct nn_conv_maps *maps = batch->maps;
    const int lanes = batch->set->lanes;
    const size_t channels = (size_t)round_up(conv->in_channels, lanes);
    batch->set->input[kind_of(conv)](batch->tiles, batch->count, conv->in_channels,
                                     batch->transformed, (size_t)batch->capacity * channels);
    struct nn_tile args;
    nn_tile_init(&args, conv, maps);
    args.out_step = step_of(&maps->out, conv);
    args.residual_step = step_of(&maps->residual, conv);
    args.partner_step = step_of(&maps->partner, conv);
    for (int left = round_up(conv->out_channels, lanes) / lanes; left > 0;) {
        const int vectors = nn_tile_block_vectors(left);
        run_block(batch, &args, vectors);
        nn_tile_next_block(&args, (size_t)batch->products * (size_t)conv->in_channels,
                           vectors * lanes);
        left -= vectors;
    }
    batch->count = 0;
}

static ptrdiff_t offset_of(const struct nn_tensor *map, int y, int x)
{
    return ((ptrdiff_t)y * (ptrdiff_t)map->row_stride +
            (ptrdiff_t)x * (ptrdiff_t)map->pixel_stride) *
           (ptrdiff_t)sizeof(float);
}

// Adds the tile whose first output is y, x. Along the axis, outputs begin to end - 1 are to
// be stored.
static void add_tile(struct batch *batch, int y, int x, int begin, int end)
{
    const struct nn_conv_maps *maps = batch->maps;
    const int at = batch->vertical ? y : x, dilation = batch->dilation;
    const float *in = nn_tensor_at(&maps->in, y, x);
    struct nn_winograd_tile *tile = &batch->tiles[batch->count++];
    for (int i = 0; i < batch->products; i++) {
        const int from = at + (i - 1) * dilation;
        tile->in[i] =
            from >= 0 && from < batch->edge ? in + (i - 1) * batch->in_step : batch->zeros;
    }
    tile->out = offset_of(&maps->out, y, x);
    tile->residual = offset_of(&maps->residual, y, x);
    tile->partner = offset_of(&maps->partner, y, x);
    for (int i = 0; i < batch->outputs; i++) {
        const int output = at + i * dilation;
        tile->has[i] = output >= begin && output < end;
    }
    if (batch->count == batch->capacity) {
        run_batch(batch);
    }
}

// Of every outputs * dilation outputs along the axis, the first dilation are the first of
// their tiles. Counted from the map's edge, so that results are bit-identical however the rows
// are divided.
static void add_rows(struct batch *batch, struct nn_rows rows)
{
    const int tile = batch->outputs * batch->dilation;
    for (int top = rows.begin / tile * tile; top < rows.end; top += tile) {
        for (int y = top; y < top + batch->dilation && y < rows.end; y++) {
            for (int x = 0; x < batch->maps->out.width; x++) {
                add_tile(batch, y, x, rows.begin, rows.end);
            }
        }
    }
}

static void add_columns(struct batch *batch, struct nn_rows rows)
{
    const int tile = batch->outputs * batch->dilation, width = batch->maps->out.width;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int left = 0; left < width; left += tile) {
            for (int x = left; x < left + batch->dilation && x < width; x++) {
                add_tile(batch, y, x, 0, width);
            }
        }
    }
}

void nn_winograd(const struct nn_winograd_set *set, const struct nn_conv *conv,
                 const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch)
{
    const size_t channels = (size_t)round_up(conv->in_channels, set->lanes);
    struct batch batch;
    batch.set = set;
    batch.conv = conv;
    batch.maps = maps;
    batch.outputs = outputs_of(conv);
    batch.products = batch.outputs + 2;
    batch.dilation = dilation_of(conv);
    batch.vertical = is_vertical(conv);
    batch.edge = batch.vertical ? maps->in.height : maps->in.width;
    batch.in_step =
        batch.dilation * (ptrdiff_t)(batch.vertical ? maps->in.row_stride : maps->in.pixel_stride);
    batch.count = 0;
    batch.capacity = batch_capacity(set, conv);
    batch.zeros = scratch;
    batch.transformed = scratch + channels;
    batch.sums = batch.transformed + (size_t)batch.products * (size_t)batch.capacity * channels;
    memset(scratch, 0, (size_t)conv->in_channels * sizeof *scratch);
    if (batch.vertical) {
        add_rows(&batch, rows);
    } else {
        add_columns(&batch, rows);
    }
    if (batch.count > 0) {
        run_batch(&batch);
    }
}
