#include "nn/kernels/conv_direct.h"

#include <stdint.h>

#include "nn/kernels/conv_dot.h"
#include "nn/kernels/conv_gather.h"
#include "nn/kernels/conv_plain.h"
#include "nn/kernels/number.h"

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

// Numbers of the input's type in a word.
static int per_word(const struct nn_conv *conv)
{
    return (int)(sizeof(float) / nn_type_size(conv->type));
}

int nn_conv_words(const struct nn_conv *conv)
{
    return (conv->in_channels + per_word(conv) - 1) / per_word(conv);
}

size_t nn_conv_direct_weights(const struct nn_tile_set *set, const struct nn_conv *conv)
{
    if (nn_conv_is_dot(conv)) {
        return nn_conv_weights_c(conv);
    }
    return (size_t)conv->tap_count * (size_t)nn_conv_words(conv) *
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
    const int per = per_word(conv), words = nn_conv_words(conv);
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
    if (nn_conv_is_dot(conv)) {
        for (size_t i = 0; i < nn_conv_weights_c(conv); i++) {
            put_weight(conv->type, packed, i, plain[i]);
        }
        return;
    }
    for (int left = vector_count(set, conv), first = 0; left > 0;) {
        const int vectors = nn_block_vectors(left), width = vectors * set->lanes;
        pack_block(conv, plain, first, width, packed);
        packed += (size_t)conv->tap_count * (size_t)nn_conv_words(conv) * (size_t)width;
        left -= vectors;
        first += width;
    }
}

void nn_tile_init(struct nn_tile *tile, const struct nn_conv *conv, const struct nn_conv_maps *maps)
{
    *tile = (struct nn_tile){
        .in_words = nn_conv_words(conv),
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

// A step through the map, in pixels.
struct step {
    int dy, dx;
};

// Lines of the output side by side: `count` pixels each, from y, x on.
struct lines {
    int y, x, count;
    struct step along;  // from one pixel of a line to the next
    struct step across; // from one line to the next
    int lines;
};

struct run {
    const struct nn_conv *conv;
    const struct nn_conv_maps *maps;
    struct nn_tile tile; // of the block at work
    int first;           // its first output channel
    struct nn_rows rows;
    int stride; // of the input
    int pixels_max;
    nn_tile_fn *const *loops; // by pixels
    void (*way)(struct run *run);
};

static size_t step_bytes(const struct nn_tensor *map, struct step step, int scale)
{
    return ((size_t)(step.dy * scale) * map->row_stride +
            (size_t)(step.dx * scale) * map->pixel_stride) *
           nn_type_size(map->type);
}

// Where the block's first channel is in a map; NULL where there is none.
static char *block_at(const struct nn_tensor *map, const struct lines *lines, size_t channel)
{
    return map->data == NULL ? NULL
                             : (char *)nn_tensor_pixel(map, lines->y, lines->x) +
                                   channel * nn_type_size(map->type);
}

// The next pixel's, or line's, place in a map; NULL stays NULL.
static const char *further(const char *at, size_t bytes)
{
    return at == NULL ? NULL : at + bytes;
}

// One line, cut into tiles of about equal size. before and behind say whether the
// map has pixels beyond its ends: of use to chains.
static void run_line(const struct run *run, struct nn_tile *tile, int count, bool before,
                     bool behind)
{
    int tiles = 1;
    while (tiles * run->pixels_max < count) {
        tiles++;
    }
    for (int left = count; left > 0; tiles--) {
        const int pixels = tiles == 1 ? left : (left + tiles - 1) / tiles;
        const size_t done = (size_t)pixels;
        tile->before = before || left < count;
        tile->behind = behind || pixels < left;
        run->loops[pixels - 1](tile);
        tile->in += done * tile->in_step;
        tile->out += done * tile->out_step;
        tile->residual = further(tile->residual, done * tile->residual_step);
        tile->partner = further(tile->partner, done * tile->partner_step);
        left -= pixels;
    }
}

static void run_lines(struct run *run, const struct lines *lines, bool before, bool behind)
{
    const struct nn_conv_maps *maps = run->maps;
    const int stride = run->stride;
    const size_t first = (size_t)run->first, shuffled = maps->partner.data == NULL ? 1 : 2;
    const size_t in_across = step_bytes(&maps->in, lines->across, stride);
    const size_t out_across = step_bytes(&maps->out, lines->across, 1);
    const size_t residual_across = step_bytes(&maps->residual, lines->across, 1);
    const size_t partner_across = step_bytes(&maps->partner, lines->across, 1);
    const char *in = nn_tensor_pixel(&maps->in, lines->y * stride, lines->x * stride);
    char *out = block_at(&maps->out, lines, first * shuffled);
    const char *residual = block_at(&maps->residual, lines, first);
    const char *partner = block_at(&maps->partner, lines, first);
    struct nn_tile *tile = &run->tile;
    tile->in_step = step_bytes(&maps->in, lines->along, stride);
    tile->out_step = step_bytes(&maps->out, lines->along, 1);
    tile->residual_step = step_bytes(&maps->residual, lines->along, 1);
    tile->partner_step = step_bytes(&maps->partner, lines->along, 1);
    for (int i = 0; i < lines->lines; i++) {
        tile->in = in;
        tile->out = out;
        tile->residual = residual;
        tile->partner = partner;
        run_line(run, tile, lines->count, before, behind);
        in += in_across;
        out += out_across;
        residual = further(residual, residual_across);
        partner = further(partner, partner_across);
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
            run_lines(run, &(struct lines){ y, 0, count, { dilation, 0 }, { 0, 1 }, out->width },
                      y >= dilation, next < out->height);
            y = next;
            left -= count;
        }
    }
}

static void run_chain_rows(struct run *run, int dilation)
{
    const int width = run->maps->out.width, height = run->rows.end - run->rows.begin;
    for (int x = 0; x < dilation; x++) {
        const int count = (width - x + dilation - 1) / dilation;
        run_lines(run,
                  &(struct lines){ run->rows.begin, x, count, { 0, dilation }, { 1, 0 }, height },
                  false, false);
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

// The taps that are within the map for output y, x.
static int find_live(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                     struct nn_live_tap *live)
{
    const ptrdiff_t size = (ptrdiff_t)nn_type_size(in->type);
    const bool dense = in->pixel_stride == (size_t)conv->in_channels;
    const int words = nn_conv_words(conv);
    int count = 0;
    for (int t = 0; t < conv->tap_count; t++) {
        const struct nn_tap *tap = &conv->taps[t];
        if (!nn_tensor_has(in, y * conv->stride + tap->dy, x * conv->stride + tap->dx)) {
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

// Whether the map's rows follow each other without a gap, or there is none.
static bool is_one_line(const struct nn_tensor *map)
{
    return map->data == NULL || map->row_stride == (size_t)map->width * map->pixel_stride;
}

// A rectangle in which the same taps are live: as one line where it can be, else in
// rows or in columns, whichever takes fewer tiles.
static void run_rectangle(struct run *run, struct range rows, struct range columns)
{
    const struct nn_conv_maps *maps = run->maps;
    const int height = rows.end - rows.begin, width = columns.end - columns.begin;
    const int y = rows.begin, x = columns.begin, most = run->pixels_max;
    struct lines lines = { y, x, width, { 0, 1 }, { 1, 0 }, height };
    if (width == maps->out.width && width == maps->in.width && is_one_line(&maps->in) &&
        is_one_line(&maps->out) && is_one_line(&maps->residual) && is_one_line(&maps->partner)) {
        lines.count = height * width;
        lines.lines = 1;
    } else if (tiles_for(height, width, most) > tiles_for(width, height, most)) {
        lines = (struct lines){ y, x, height, { 1, 0 }, { 0, 1 }, width };
    }
    run_lines(run, &lines, false, false);
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

// ---- windows gathered -------------------------------------------------------------

size_t nn_conv_direct_scratch(const struct nn_conv *conv)
{
    return nn_conv_is_dot(conv) ? 0 : nn_conv_gather_scratch(conv);
}

static void run_gathered(struct run *run)
{
    const struct nn_live_tap whole = { .words = nn_conv_gather_words(run->conv) };
    run->tile.live = &whole;
    run->tile.live_count = 1;
    run_rectangle(run, (struct range){ run->rows.begin, run->rows.end },
                  (struct range){ 0, run->maps->out.width });
}

void nn_conv_direct(const struct nn_tile_set *set, const struct nn_conv *conv,
                    const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch)
{
    if (nn_conv_is_dot(conv)) {
        nn_conv_dot(set->dot, conv, maps, rows);
        return;
    }
    struct nn_conv_maps gathered = *maps;
    struct run run = {
        .conv = conv,
        .maps = maps,
        .rows = rows,
        .stride = conv->stride,
        .way = nn_conv_is_gathered(conv)                       ? run_gathered
               : set->chain[0] != NULL && is_chain(conv, maps) ? run_chains
                                                               : run_flat,
    };
    if (run.way == run_gathered) {
        gathered.in = nn_conv_gather(conv, &maps->in, rows, scratch);
        run.maps = &gathered;
        run.stride = 1;
    }
    nn_tile_init(&run.tile, conv, maps);
    const bool chain = run.way == run_chains;
    const size_t weight_rows = (size_t)conv->tap_count * (size_t)nn_conv_words(conv);
    for (int left = vector_count(set, conv); left > 0;) {
        const int vectors = nn_block_vectors(left), width = vectors * set->lanes;
        run.pixels_max = chain ? set->chain_pixels[vectors - 1] : set->flat_pixels[vectors - 1];
        run.loops = chain ? set->chain[vectors - 1] : set->flat[vectors - 1];
        run.way(&run);
        nn_tile_next_block(&run.tile, weight_rows, width);
        run.first += width;
        left -= vectors;
    }
    if (set->release != NULL) {
        set->release();
    }
}
