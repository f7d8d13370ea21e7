#include "nn/kernels/conv_winograd.h"

#include <string.h>

enum {
    LINE_MIN = 6,         // of every dilation'th pixel: below, dead taps are worth more
    CHANNELS_MIN = 24,    // of input: below, spreading costs as much as it saves
    BATCH_FLOATS = 12288, // of left sides: a small part of the second-level cache
    BATCH_MAX = 96,       // pairs
    BATCH_MULTIPLE = 24,  // whole tiles of every size
};

static bool is_vertical(const struct nn_conv *conv)
{
    return conv->taps[2].dy != 0;
}

static int dilation_of(const struct nn_conv *conv)
{
    return conv->taps[2].dy + conv->taps[2].dx;
}

bool nn_conv_pairs_fits(const struct nn_conv *conv)
{
    if (conv->type != NN_F32 || conv->out_type != NN_F32 || conv->in_channels < CHANNELS_MIN ||
        conv->out_channels == 1 || !nn_conv_is_chain(conv)) {
        return false;
    }
    const int edge = is_vertical(conv) ? conv->out_height : conv->out_width;
    return edge / dilation_of(conv) >= LINE_MIN;
}

// ---- weights ------------------------------------------------------------------

static int round_up(int count, int multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

size_t nn_conv_pairs_weights(const struct nn_pair_set *set, const struct nn_conv *conv)
{
    return (size_t)NN_PAIR_PARTS * (size_t)conv->in_channels *
           (size_t)round_up(conv->out_channels, set->lanes);
}

// The right side of a product: g has the first tap's weight, and the others each
// tap_floats further.
static float right_side(int part, const float *g, size_t tap_floats)
{
    const float g0 = g[0], g1 = g[tap_floats], g2 = g[2 * tap_floats];
    switch (part) {
    case 0:
        return g0;
    case 1:
        return (g0 + g1 + g2) / 2;
    case 2:
        return (g0 - g1 + g2) / 2;
    default:
        return g2;
    }
}

void nn_conv_pairs_pack(const struct nn_pair_set *set, const struct nn_conv *conv,
                        const float *plain, float *packed)
{
    const size_t outs = (size_t)conv->out_channels, tap_floats = (size_t)conv->in_channels * outs;
    for (int left = round_up(conv->out_channels, set->lanes) / set->lanes, first = 0; left > 0;) {
        const int vectors = nn_block_vectors(left), width = vectors * set->lanes;
        for (int part = 0; part < NN_PAIR_PARTS; part++) {
            for (int ci = 0; ci < conv->in_channels; ci++) {
                for (int co = first; co < first + width; co++) {
                    const float *g = plain + (size_t)ci * outs + (size_t)co;
                    *packed++ = co < conv->out_channels ? right_side(part, g, tap_floats) : 0;
                }
            }
        }
        left -= vectors;
        first += width;
    }
}

// ---- batches ------------------------------------------------------------------

struct batch {
    const struct nn_pair_set *set;
    const struct nn_conv *conv;
    const struct nn_conv_maps *maps;
    float *zeros, *left; // in scratch
    int room;            // pairs that left can hold
    int count;
    struct nn_pair pairs[BATCH_MAX];
};

static int batch_room(const struct nn_pair_set *set, const struct nn_conv *conv)
{
    const int pair_floats = NN_PAIR_PARTS * round_up(conv->in_channels, set->lanes);
    const int room = BATCH_FLOATS / pair_floats / BATCH_MULTIPLE * BATCH_MULTIPLE;
    return room < BATCH_MULTIPLE ? BATCH_MULTIPLE : room > BATCH_MAX ? BATCH_MAX : room;
}

size_t nn_conv_pairs_scratch(const struct nn_pair_set *set, const struct nn_conv *conv)
{
    const size_t channels = (size_t)round_up(conv->in_channels, set->lanes);
    return channels * (1 + NN_PAIR_PARTS * (size_t)batch_room(set, conv));
}

// From a pair's first output to its second.
static size_t step_of(const struct nn_tensor *map, const struct nn_conv *conv)
{
    const size_t stride = is_vertical(conv) ? map->row_stride : map->pixel_stride;
    return (size_t)dilation_of(conv) * stride * sizeof(float);
}

static void run_tiles(const struct batch *batch, struct nn_tile *tile, int vectors)
{
    const struct nn_pair_set *set = batch->set;
    const int most = set->most[vectors - 1];
    int tiles = (batch->count + most - 1) / most;
    tile->in = (const char *)batch->left;
    for (int done = 0; done < batch->count; tiles--) {
        const int count = (batch->count - done + tiles - 1) / tiles;
        set->tiles[vectors - 1][count - 1](tile, batch->pairs + done,
                                           (size_t)batch->room * tile->in_step);
        tile->in += (size_t)count * tile->in_step;
        done += count;
    }
}

static void run_batch(struct batch *batch)
{
    const struct nn_conv *conv = batch->conv;
    const struct nn_conv_maps *maps = batch->maps;
    const int lanes = batch->set->lanes;
    const size_t channels = (size_t)round_up(conv->in_channels, lanes);
    batch->set->spread(batch->pairs, batch->count, conv->in_channels, batch->left,
                       (size_t)batch->room * channels);
    struct nn_tile tile;
    nn_tile_init(&tile, conv, maps);
    tile.in_step = channels * sizeof(float);
    tile.out_step = step_of(&maps->out, conv);
    tile.residual_step = step_of(&maps->residual, conv);
    tile.partner_step = step_of(&maps->partner, conv);
    for (int left = round_up(conv->out_channels, lanes) / lanes; left > 0;) {
        const int vectors = nn_block_vectors(left);
        run_tiles(batch, &tile, vectors);
        nn_tile_next_block(&tile, (size_t)NN_PAIR_PARTS * (size_t)conv->in_channels,
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

// The pair whose first output is y, x; along the axis, outputs begin to end - 1 are
// wanted.
static void add_pair(struct batch *batch, int y, int x, int begin, int end)
{
    const struct nn_conv_maps *maps = batch->maps;
    const struct nn_tap *step = &batch->conv->taps[2];
    const int at = is_vertical(batch->conv) ? y : x;
    struct nn_pair *pair = &batch->pairs[batch->count++];
    for (int i = 0; i < NN_PAIR_PARTS; i++) {
        const int iy = y + (i - 1) * step->dy, ix = x + (i - 1) * step->dx;
        pair->in[i] =
            nn_tensor_has(&maps->in, iy, ix) ? nn_tensor_at(&maps->in, iy, ix) : batch->zeros;
    }
    pair->out = offset_of(&maps->out, y, x);
    pair->residual = offset_of(&maps->residual, y, x);
    pair->partner = offset_of(&maps->partner, y, x);
    pair->first = at >= begin;
    pair->second = at + dilation_of(batch->conv) < end;
    if (batch->count == batch->room) {
        run_batch(batch);
    }
}

// Whether a pair begins here: of each 2 dilation outputs the former half are the
// first ones. Counted from the map's edge, so that the results are the same to the
// last bit however the rows are cut.
static bool is_first(int at, int dilation)
{
    return at % (2 * dilation) < dilation;
}

static void add_rows(struct batch *batch, struct nn_rows rows, int dilation)
{
    const int from = rows.begin < dilation ? 0 : rows.begin - dilation;
    for (int y = from; y < rows.end; y++) {
        for (int x = 0; is_first(y, dilation) && x < batch->maps->out.width; x++) {
            add_pair(batch, y, x, rows.begin, rows.end);
        }
    }
}

static void add_columns(struct batch *batch, struct nn_rows rows, int dilation)
{
    const int width = batch->maps->out.width;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < width; x++) {
            if (is_first(x, dilation)) {
                add_pair(batch, y, x, 0, width);
            }
        }
    }
}

void nn_conv_pairs(const struct nn_pair_set *set, const struct nn_conv *conv,
                   const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch)
{
    struct batch batch;
    batch.set = set;
    batch.conv = conv;
    batch.maps = maps;
    batch.count = 0;
    batch.room = batch_room(set, conv);
    batch.zeros = scratch;
    batch.left = scratch + round_up(conv->in_channels, set->lanes);
    memset(scratch, 0, (size_t)conv->in_channels * sizeof *scratch);
    if (is_vertical(conv)) {
        add_rows(&batch, rows, dilation_of(conv));
    } else {
        add_columns(&batch, rows, dilation_of(conv));
    }
    if (batch.count > 0) {
        run_batch(&batch);
    }
}
