#include "nn/conv_direct.h"

#include <stdint.h>

#include "nn/conv_plain.h"
#include "nn/number.h"

enum { BREAKS_MAX = 2 * NN_TAPS_MAX + 2 };

// ---- blocks of output channels ------------------------------------------------

// Two, which leaves room for tall tiles; three where that avoids a last one alone.
int nn_block_vectors(int left)
{
    return left == 1 ? 1 : left == 3 ? 3 : 2;
}

static int vector_count(const struct nn_tile_set *set, const struct nn_conv *conv)
{
    return (conv->out_channels + set->lanes - 1) / set->lanes;
}

static bool is_dot(const struct nn_conv *conv)
{
    return conv->out_channels == 1;
}

// Numbers of the input's type in a word.
static int per_word(const struct nn_conv *conv)
{
    return (int)(sizeof(float) / nn_type_size(conv->type));
}

static int word_count(const struct nn_conv *conv)
{
    return (conv->in_channels + per_word(conv) - 1) / per_word(conv);
}

size_t nn_conv_direct_weights(const struct nn_tile_set *set, const struct nn_conv *conv)
{
    if (is_dot(conv)) {
        return nn_conv_weights_c(conv);
    }
    return (size_t)conv->tap_count * (size_t)word_count(conv) *
           (size_t)(vector_count(set, conv) * set->lanes);
}

// Writes one weight as number i of packed.
static void put_weight(enum nn_type type, void *packed, size_t i, float weight)
{
    switch (type) {
    case NN_BF16:
        ((uint16_t *)packed)[i] = nn_bf16_from_float(weight);
        break;
    case NN_U8:
        ((int8_t *)packed)[i] = (int8_t)weight;
        break;
    default:
        ((float *)packed)[i] = weight;
    }
}

// A block of output channels, `width` lanes wide: for each tap and input word,
// for each lane the weights of the word's channels. Zero where there is no
// channel.
static void pack_block(const struct nn_conv *conv, const float *plain, int first, int width,
                       float *packed)
{
    const int per = per_word(conv), words = word_count(conv);
    size_t i = 0;
    for (int row = 0; row < conv->tap_count * words; row++) {
        const int tap = row / words, word = row % words;
        for (int lane = 0; lane < width; lane++) {
            for (int j = 0; j < per; j++, i++) {
                const int ci = word * per + j, co = first + lane;
                bool exists = ci < conv->in_channels && co < conv->out_channels;
                put_weight(conv->type, packed, i,
                           exists ? plain[((size_t)tap * (size_t)conv->in_channels + (size_t)ci) *
                                              (size_t)conv->out_channels +
                                          (size_t)co]
                                  : 0);
            }
        }
    }
}

void nn_conv_direct_pack(const struct nn_tile_set *set, const struct nn_conv *conv,
                         const float *plain, float *packed)
{
    if (is_dot(conv)) {
        for (size_t i = 0; i < nn_conv_weights_c(conv); i++) {
            put_weight(conv->type, packed, i, plain[i]);
        }
        return;
    }
    for (int left = vector_count(set, conv), first = 0; left > 0;) {
        const int vectors = nn_block_vectors(left), width = vectors * set->lanes;
        pack_block(conv, plain, first, width, packed);
        packed += (size_t)conv->tap_count * (size_t)word_count(conv) * (size_t)width;
        left -= vectors;
        first += width;
    }
}

void nn_tile_init(struct nn_tile *tile, const struct nn_conv *conv, const struct nn_conv_maps *maps)
{
    *tile = (struct nn_tile){
        .in_words = word_count(conv),
        .channels = conv->out_channels,
        .weights = conv->weights,
        .bias = conv->bias,
        .scale = conv->scale,
        .inner = conv->inner,
        .slope = conv->slope,
        .residual_channels = maps->residual.channels,
        .out = maps->out.data,
        .residual = maps->residual.data,
        .partner = maps->partner.data,
        .partner_first = maps->partner_first,
        .relu = conv->relu,
        .out_type = conv->out_type,
        .out_inverse = 1 / maps->out.scale,
        .residual_scale = maps->residual.scale,
    };
}

void nn_tile_next_block(struct nn_tile *tile, size_t weight_rows, int width)
{
    const size_t bytes = (size_t)width * nn_type_size(tile->out_type);
    tile->channels -= width;
    tile->weights += weight_rows * (size_t)width;
    tile->bias += width;
    tile->scale = tile->scale == NULL ? NULL : tile->scale + width;
    tile->inner = tile->inner == NULL ? NULL : tile->inner + width;
    tile->slope = tile->slope == NULL ? NULL : tile->slope + width;
    tile->residual_channels -= width;
    tile->out += tile->partner == NULL ? bytes : 2 * bytes;
    tile->residual = tile->residual == NULL ? NULL : tile->residual + bytes;
    tile->partner = tile->partner == NULL ? NULL : tile->partner + bytes;
}

// ---- lines --------------------------------------------------------------------

// Pixels of the output on a line, count of them, from y, x on.
struct line {
    int y, x, count;
    int dy, dx; // from one pixel to the next
};

struct run {
    const struct nn_conv *conv;
    const struct nn_conv_maps *maps;
    struct nn_tile tile; // of the block at work
    int first;           // its first output channel
    struct nn_rows rows;
    int pixels_max;
    nn_tile_fn *const *loops; // by pixels
    bool chain;
};

static size_t step_of(const struct nn_tensor *map, const struct line *line, int scale)
{
    return ((size_t)(line->dy * scale) * map->row_stride +
            (size_t)(line->dx * scale) * map->pixel_stride) *
           nn_type_size(map->type);
}

// Cuts the line into tiles of about equal size and runs them. before and behind
// say whether the map has pixels beyond the line's ends: of use to chains.
static void run_line(struct run *run, const struct line *line, bool before, bool behind)
{
    const struct nn_conv_maps *maps = run->maps;
    const int stride = run->conv->stride;
    struct nn_tile *tile = &run->tile;
    const size_t shuffled = maps->partner.data == NULL ? 1 : 2;
    const size_t first = (size_t)run->first * nn_type_size(maps->out.type);
    tile->in = nn_tensor_pixel(&maps->in, line->y * stride, line->x * stride);
    tile->out = (char *)nn_tensor_pixel(&maps->out, line->y, line->x) + first * shuffled;
    tile->in_step = step_of(&maps->in, line, stride);
    tile->out_step = step_of(&maps->out, line, 1);
    if (maps->residual.data != NULL) {
        tile->residual = (const char *)nn_tensor_pixel(&maps->residual, line->y, line->x) + first;
        tile->residual_step = step_of(&maps->residual, line, 1);
    }
    if (maps->partner.data != NULL) {
        tile->partner = (const char *)nn_tensor_pixel(&maps->partner, line->y, line->x) + first;
        tile->partner_step = step_of(&maps->partner, line, 1);
    }
    int tiles = (line->count + run->pixels_max - 1) / run->pixels_max;
    for (int left = line->count; left > 0; tiles--) {
        const int pixels = (left + tiles - 1) / tiles;
        tile->before = before || left < line->count;
        tile->behind = behind || pixels < left;
        run->loops[pixels - 1](tile);
        tile->in += (size_t)pixels * tile->in_step;
        tile->out += (size_t)pixels * tile->out_step;
        if (tile->residual != NULL) {
            tile->residual += (size_t)pixels * tile->residual_step;
        }
        if (tile->partner != NULL) {
            tile->partner += (size_t)pixels * tile->partner_step;
        }
        left -= pixels;
    }
}

// ---- chain: 3x1 and 1x3 ---------------------------------------------------------

// The shortest line, in pixels, for which a chain beats a flat line.
enum { CHAIN_MIN = 6 };

static int edge_along(const struct nn_conv *conv, const struct nn_tensor *map)
{
    return conv->taps[2].dy != 0 ? map->height : map->width;
}

bool nn_conv_is_chain(const struct nn_conv *conv)
{
    if (conv->tap_count != 3 || conv->stride != 1) {
        return false;
    }
    const struct nn_tap *taps = conv->taps;
    return taps[1].dy == 0 && taps[1].dx == 0 && taps[0].dy == -taps[2].dy &&
           taps[0].dx == -taps[2].dx && (taps[2].dy == 0) != (taps[2].dx == 0) &&
           taps[2].dy + taps[2].dx > 0;
}

// A chain, and lines that hold enough of every dilation'th pixel.
static bool is_chain(const struct nn_conv *conv, const struct nn_conv_maps *maps)
{
    return nn_conv_is_chain(conv) &&
           edge_along(conv, &maps->out) / (conv->taps[2].dy + conv->taps[2].dx) >= CHAIN_MIN;
}

// Columns: of each phase, the rows of the part that belong to it. A band of tiles
// goes across all columns before the next begins, so that the rows it works on
// stay in the cache and in the TLB: on a large map each row is a page of its own.
static void run_chain_columns(struct run *run, int dilation)
{
    const struct nn_tensor *out = &run->maps->out;
    const int phases = run->rows.begin + dilation;
    for (int first = run->rows.begin; first < phases && first < run->rows.end; first++) {
        int left = (run->rows.end - first + dilation - 1) / dilation;
        int tiles = (left + run->pixels_max - 1) / run->pixels_max;
        for (int y = first; left > 0; tiles--) {
            const int count = (left + tiles - 1) / tiles, next = y + count * dilation;
            for (int x = 0; x < out->width; x++) {
                run_line(run, &(struct line){ y, x, count, dilation, 0 }, y >= dilation,
                         next < out->height);
            }
            y = next;
            left -= count;
        }
    }
}

static void run_chain_rows(struct run *run, int dilation)
{
    const struct nn_tensor *out = &run->maps->out;
    for (int y = run->rows.begin; y < run->rows.end; y++) {
        for (int x = 0; x < dilation; x++) {
            const int count = (out->width - x + dilation - 1) / dilation;
            run_line(run, &(struct line){ y, x, count, 0, dilation }, false, false);
        }
    }
}

static void run_chains(struct run *run)
{
    const struct nn_tap *last = &run->conv->taps[2];
    if (last->dy != 0) {
        run_chain_columns(run, last->dy);
    } else {
        run_chain_rows(run, last->dx);
    }
}

// ---- flat: any taps -------------------------------------------------------------

// The outputs from begin to end for which one set of taps is live.
struct range {
    int begin, end;
};

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

// The outputs whose input at shift d lies within size.
static struct range live_range(int d, int stride, int size, int out_size)
{
    int begin = -floor_div(d, stride), end = floor_div(size - 1 - d, stride) + 1;
    begin = begin < 0 ? 0 : begin > out_size ? out_size : begin;
    end = end < begin ? begin : end > out_size ? out_size : end;
    return (struct range){ begin, end };
}

static void add_break(int *breaks, int *count, int at)
{
    int i = *count;
    for (int j = 0; j < *count; j++) {
        if (breaks[j] == at) {
            return;
        }
    }
    while (i > 0 && breaks[i - 1] > at) {
        breaks[i] = breaks[i - 1];
        i--;
    }
    breaks[i] = at;
    (*count)++;
}

// Where the set of live taps changes, along one axis: sorted, from 0 to out_size.
static int find_breaks(const struct nn_conv *conv, bool rows, int size, int out_size, int *breaks)
{
    int count = 0;
    add_break(breaks, &count, 0);
    add_break(breaks, &count, out_size);
    for (int t = 0; t < conv->tap_count; t++) {
        struct range range =
            live_range(rows ? conv->taps[t].dy : conv->taps[t].dx, conv->stride, size, out_size);
        add_break(breaks, &count, range.begin);
        add_break(breaks, &count, range.end);
    }
    return count;
}

static bool is_within(const struct nn_tensor *in, int y, int x)
{
    return y >= 0 && y < in->height && x >= 0 && x < in->width;
}

// The taps that are within the map for output y, x.
static int find_live(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                     struct nn_live_tap *live)
{
    const ptrdiff_t size = (ptrdiff_t)nn_type_size(in->type);
    const bool dense = in->pixel_stride == (size_t)conv->in_channels;
    const int words = word_count(conv);
    int count = 0;
    for (int t = 0; t < conv->tap_count; t++) {
        const struct nn_tap *tap = &conv->taps[t];
        if (!is_within(in, y * conv->stride + tap->dy, x * conv->stride + tap->dx)) {
            continue;
        }
        struct nn_live_tap *last = count > 0 ? &live[count - 1] : NULL;
        if (dense && last != NULL && last->tap + last->words / words == t &&
            tap->dy == tap[-1].dy && tap->dx == tap[-1].dx + 1) {
            last->words += words;
            continue;
        }
        live[count++] = (struct nn_live_tap){ .offset = (tap->dy * (ptrdiff_t)in->row_stride +
                                                         tap->dx * (ptrdiff_t)in->pixel_stride) *
                                                        size,
                                              .tap = t,
                                              .words = words };
    }
    return count;
}

static int tiles_for(int lines, int count, int pixels_max)
{
    return lines * ((count + pixels_max - 1) / pixels_max);
}

// A rectangle in which the same taps are live: in rows or in columns, whichever
// takes fewer tiles.
static void run_rectangle(struct run *run, struct range rows, struct range columns)
{
    const int height = rows.end - rows.begin, width = columns.end - columns.begin;
    if (tiles_for(height, width, run->pixels_max) <= tiles_for(width, height, run->pixels_max)) {
        for (int y = rows.begin; y < rows.end; y++) {
            run_line(run, &(struct line){ y, columns.begin, width, 0, 1 }, false, false);
        }
    } else {
        for (int x = columns.begin; x < columns.end; x++) {
            run_line(run, &(struct line){ rows.begin, x, height, 1, 0 }, false, false);
        }
    }
}

static struct range clip(struct range range, struct nn_rows rows)
{
    return (struct range){ range.begin > rows.begin ? range.begin : rows.begin,
                           range.end < rows.end ? range.end : rows.end };
}

static void run_flat(struct run *run)
{
    const struct nn_conv *conv = run->conv;
    const struct nn_tensor *in = &run->maps->in, *out = &run->maps->out;
    int ys[BREAKS_MAX], xs[BREAKS_MAX];
    const int y_count = find_breaks(conv, true, in->height, out->height, ys);
    const int x_count = find_breaks(conv, false, in->width, out->width, xs);
    struct nn_live_tap live[NN_TAPS_MAX];
    run->tile.live = live;
    for (int i = 0; i + 1 < y_count; i++) {
        const struct range rows = clip((struct range){ ys[i], ys[i + 1] }, run->rows);
        for (int j = 0; rows.begin < rows.end && j + 1 < x_count; j++) {
            run->tile.live_count = find_live(conv, in, ys[i], xs[j], live);
            run_rectangle(run, rows, (struct range){ xs[j], xs[j + 1] });
        }
    }
}

// ---- one output channel -----------------------------------------------------------

// One output: taps that follow each other in a row are one product where their
// pixels lie side by side in memory.
static float dot_at(const struct nn_tile_set *set, const struct nn_conv *conv,
                    const struct nn_tensor *in, int y, int x)
{
    const struct nn_tap *taps = conv->taps;
    const bool dense = in->pixel_stride == (size_t)conv->in_channels;
    float sum = 0;
    for (int t = 0; t < conv->tap_count;) {
        const int iy = y * conv->stride + taps[t].dy, ix = x * conv->stride + taps[t].dx;
        if (!is_within(in, iy, ix)) {
            t++;
            continue;
        }
        int count = 1;
        while (dense && t + count < conv->tap_count && taps[t + count].dy == taps[t].dy &&
               taps[t + count].dx == taps[t].dx + count && ix + count < in->width) {
            count++;
        }
        size_t passed = (size_t)t * (size_t)conv->in_channels * nn_type_size(conv->type);
        sum += set->dot((const char *)conv->weights + passed, nn_tensor_pixel(in, iy, ix),
                        count * conv->in_channels);
        t += count;
    }
    return (conv->type == NN_U8 ? sum * conv->scale[0] : sum) + conv->bias[0];
}

static void run_dot(const struct nn_tile_set *set, const struct nn_conv *conv,
                    const struct nn_conv_maps *maps, struct nn_rows rows)
{
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < maps->out.width; x++) {
            float sum = dot_at(set, conv, &maps->in, y, x);
            nn_conv_store(conv, maps, y, x, 0, 1, &sum);
        }
    }
}

void nn_conv_direct(const struct nn_tile_set *set, const struct nn_conv *conv,
                    const struct nn_conv_maps *maps, struct nn_rows rows)
{
    if (is_dot(conv)) {
        run_dot(set, conv, maps, rows);
        return;
    }
    struct run run = {
        .conv = conv,
        .maps = maps,
        .rows = rows,
        .chain = is_chain(conv, maps),
    };
    nn_tile_init(&run.tile, conv, maps);
    const size_t weight_rows = (size_t)conv->tap_count * (size_t)word_count(conv);
    for (int left = vector_count(set, conv); left > 0;) {
        const int vectors = nn_block_vectors(left), width = vectors * set->lanes;
        run.pixels_max = run.chain ? set->chain_pixels[vectors - 1] : set->flat_pixels[vectors - 1];
        run.loops = run.chain ? set->chain[vectors - 1] : set->flat[vectors - 1];
        if (run.chain) {
            run_chains(&run);
        } else {
            run_flat(&run);
        }
        nn_tile_next_block(&run.tile, weight_rows, width);
        run.first += width;
        left -= vectors;
    }
}
