#include "nn/kernels/conv_direct.h"

#include <stdint.h>

#include "nn/kernels/conv_dot.h"
#include "nn/kernels/conv_im2col.h"
#include "nn/kernels/conv_plain.h"
#include "nn/kernels/microkernel.h"

enum { BREAKS_MAX = 2 * NN_TAPS_MAX + 2 };

// ---- lines --------------------------------------------------------------------

// From one output pixel to another, in pixels.
struct step {
    int dy, dx;
};

// Parallel lines of output pixels. The first starts at y, x.
struct lines {
    int y, x;
    int pixels;         // per line
    struct step along;  // from one pixel of a line to the next
    struct step across; // from one line to the next
    int lines;
};

// One call of nn_conv_direct.
struct run {
    const struct nn_conv *conv;
    const struct nn_conv_maps *maps;
    struct nn_rows rows;
    int stride;                             // of the input
    struct nn_tile tile;                    // of the current block of output channels
    int first;                              // the block's first output channel
    int pixels_max;                         // in a tile of that block
    nn_microkernel_fn *const *microkernels; // by pixels
    void (*run_block)(struct run *run);
};

static size_t step_bytes(const struct nn_tensor *map, struct step step, int scale)
{
    return ((size_t)(step.dy * scale) * map->row_stride +
            (size_t)(step.dx * scale) * map->pixel_stride) *
           nn_type_size(map->type);
}

// The block's first channel of the lines' first pixel; NULL if there is no such map.
static char *block_at(const struct nn_tensor *map, const struct lines *lines, size_t channel)
{
    return map->data == NULL ? NULL
                             : (char *)nn_tensor_pixel(map, lines->y, lines->x) +
                                   channel * nn_type_size(map->type);
}

// Moves a pointer into a map forward; NULL stays NULL.
static const char *advance(const char *at, size_t bytes)
{
    return at == NULL ? NULL : at + bytes;
}

// Computes one line in tiles of about equal size. has_before and has_after tell whether
// the line goes on beyond its ends, which matters to conv1d.
static void run_line(const struct run *run, struct nn_tile *tile, int count, bool has_before,
                     bool has_after)
{
    int tiles = 1;
    while (tiles * run->pixels_max < count) {
        tiles++;
    }
    for (int left = count; left > 0; tiles--) {
        const int pixels = tiles == 1 ? left : (left + tiles - 1) / tiles;
        const size_t done = (size_t)pixels;
        tile->has_before = has_before || left < count;
        tile->has_after = has_after || pixels < left;
        run->microkernels[pixels - 1](tile);
        tile->in += done * tile->in_step;
        tile->out += done * tile->out_step;
        tile->residual = advance(tile->residual, done * tile->residual_step);
        tile->partner = advance(tile->partner, done * tile->partner_step);
        left -= pixels;
    }
}

static void run_lines(struct run *run, const struct lines *lines, bool has_before, bool has_after)
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
        run_line(run, tile, lines->pixels, has_before, has_after);
        in += in_across;
        out += out_across;
        residual = advance(residual, residual_across);
        partner = advance(partner, partner_across);
    }
}

// ---- 1-D: 3x1 and 1x3 -----------------------------------------------------------

// The shortest line, in pixels, for which conv1d beats the generic microkernel.
enum { LINE_MIN_1D = 6 };

static int edge_along(const struct nn_conv *conv, const struct nn_tensor *map)
{
    return conv->taps[2].dy != 0 ? map->height : map->width;
}

// Whether the convolution is 1-D and its lines, of every dilation'th pixel, long enough.
static bool use_1d(const struct nn_conv *conv, const struct nn_conv_maps *maps)
{
    return nn_conv_is_1d(conv) &&
           edge_along(conv, &maps->out) / (conv->taps[2].dy + conv->taps[2].dx) >= LINE_MIN_1D;
}

// Columns. With dilation d, rows y, y + d, y + 2d, ... form a line. A band of tiles covers
// all columns before the next band starts, so that the rows it touches stay in the cache
// and in the TLB: in a large map each row has a page of its own.
static void run_1d_columns(struct run *run, int dilation)
{
    const struct nn_tensor *out = &run->maps->out;
    const int end = run->rows.begin + dilation;
    for (int first = run->rows.begin; first < end && first < run->rows.end; first++) {
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

static void run_1d_rows(struct run *run, int dilation)
{
    const int width = run->maps->out.width, height = run->rows.end - run->rows.begin;
    for (int x = 0; x < dilation; x++) {
        const int count = (width - x + dilation - 1) / dilation;
        run_lines(run,
                  &(struct lines){ run->rows.begin, x, count, { 0, dilation }, { 1, 0 }, height },
                  false, false);
    }
}

static void run_1d(struct run *run)
{
    const struct nn_tap *last = &run->conv->taps[2];
    if (last->dy != 0) {
        run_1d_columns(run, last->dy);
    } else {
        run_1d_rows(run, last->dx);
    }
}

// ---- generic: any taps ----------------------------------------------------------

// Outputs begin to end - 1, along one axis.
struct range {
    int begin, end;
};

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

// The outputs whose input, shifted by d, lies within the map.
static struct range valid_range(int d, int stride, int size, int out_size)
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

// Where the set of valid taps changes along one axis: sorted, from 0 to out_size.
static int find_breaks(const struct nn_conv *conv, bool rows, int size, int out_size, int *breaks)
{
    int count = 0;
    add_break(breaks, &count, 0);
    add_break(breaks, &count, out_size);
    for (int t = 0; t < conv->tap_count; t++) {
        struct range range =
            valid_range(rows ? conv->taps[t].dy : conv->taps[t].dx, conv->stride, size, out_size);
        add_break(breaks, &count, range.begin);
        add_break(breaks, &count, range.end);
    }
    return count;
}

// Lists the taps that are within the map for output y, x; returns how many.
static int find_valid_taps(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                           struct nn_valid_tap *valid)
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
        struct nn_valid_tap *last = count > 0 ? &valid[count - 1] : NULL;
        if (dense && last != NULL && last->tap + last->words / words == t &&
            tap->dy == tap[-1].dy && tap->dx == tap[-1].dx + 1) {
            last->words += words;
            continue;
        }
        valid[count++] = (struct nn_valid_tap){ .offset = (tap->dy * (ptrdiff_t)in->row_stride +
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

// Whether the map's rows are adjacent in memory, or there is no map.
static bool is_one_line(const struct nn_tensor *map)
{
    return map->data == NULL || map->row_stride == (size_t)map->width * map->pixel_stride;
}

// Computes a rectangle throughout which the same taps are valid: as one line where the
// rows are adjacent, else by rows or by columns, whichever takes fewer tiles.
static void run_rectangle(struct run *run, struct range rows, struct range columns)
{
    const struct nn_conv_maps *maps = run->maps;
    const int height = rows.end - rows.begin, width = columns.end - columns.begin;
    const int y = rows.begin, x = columns.begin, pixels_max = run->pixels_max;
    struct lines lines = { y, x, width, { 0, 1 }, { 1, 0 }, height };
    if (width == maps->out.width && width == maps->in.width && is_one_line(&maps->in) &&
        is_one_line(&maps->out) && is_one_line(&maps->residual) && is_one_line(&maps->partner)) {
        lines.pixels = height * width;
        lines.lines = 1;
    } else if (tiles_for(height, width, pixels_max) > tiles_for(width, height, pixels_max)) {
        lines = (struct lines){ y, x, height, { 1, 0 }, { 0, 1 }, width };
    }
    run_lines(run, &lines, false, false);
}

static struct range clip(struct range range, struct nn_rows rows)
{
    return (struct range){ range.begin > rows.begin ? range.begin : rows.begin,
                           range.end < rows.end ? range.end : rows.end };
}

static void run_generic(struct run *run)
{
    const struct nn_conv *conv = run->conv;
    const struct nn_tensor *in = &run->maps->in, *out = &run->maps->out;
    int ys[BREAKS_MAX], xs[BREAKS_MAX];
    const int y_count = find_breaks(conv, true, in->height, out->height, ys);
    const int x_count = find_breaks(conv, false, in->width, out->width, xs);
    struct nn_valid_tap valid[NN_TAPS_MAX];
    run->tile.valid_taps = valid;
    for (int i = 0; i + 1 < y_count; i++) {
        const struct range rows = clip((struct range){ ys[i], ys[i + 1] }, run->rows);
        for (int j = 0; rows.begin < rows.end && j + 1 < x_count; j++) {
            run->tile.valid_tap_count = find_valid_taps(conv, in, ys[i], xs[j], valid);
            run_rectangle(run, rows, (struct range){ xs[j], xs[j + 1] });
        }
    }
}

// ---- im2col ---------------------------------------------------------------------

static void run_im2col(struct run *run)
{
    const struct nn_valid_tap window = { .words = nn_conv_im2col_words(run->conv) };
    run->tile.valid_taps = &window;
    run->tile.valid_tap_count = 1;
    run_rectangle(run, (struct range){ run->rows.begin, run->rows.end },
                  (struct range){ 0, run->maps->out.width });
}

// ---- all of it ------------------------------------------------------------------

size_t nn_conv_direct_scratch(const struct nn_conv *conv)
{
    return nn_conv_is_dot(conv) ? 0 : nn_conv_im2col_scratch(conv);
}

size_t nn_conv_direct_weights(const struct nn_microkernel_set *set, const struct nn_conv *conv)
{
    return nn_conv_is_dot(conv) ? nn_conv_weights_c(conv) : nn_microkernel_weights(set, conv);
}

void nn_conv_direct_pack(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                         const float *plain, float *packed)
{
    if (nn_conv_is_dot(conv)) {
        nn_conv_dot_pack(conv, plain, packed);
    } else {
        nn_microkernel_pack(set, conv, plain, packed);
    }
}

void nn_conv_direct(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                    const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch)
{
    if (nn_conv_is_dot(conv)) {
        nn_conv_dot(set->dot, conv, maps, rows);
        return;
    }
    struct nn_conv_maps windows = *maps;
    struct run run = {
        .conv = conv,
        .maps = maps,
        .rows = rows,
        .stride = conv->stride,
        .run_block = nn_conv_im2col_pays(conv)                      ? run_im2col
                     : set->conv1d[0] != NULL && use_1d(conv, maps) ? run_1d
                                                                    : run_generic,
    };
    if (run.run_block == run_im2col) {
        windows.in = nn_conv_im2col(conv, &maps->in, rows, scratch);
        run.maps = &windows;
        run.stride = 1;
    }
    nn_tile_init(&run.tile, conv, maps);
    const bool is_1d = run.run_block == run_1d;
    const size_t weight_rows = (size_t)conv->tap_count * (size_t)nn_microkernel_tap_rows(set, conv);
    for (int left = nn_tile_vectors(set, conv); left > 0;) {
        const int vectors = nn_tile_block_vectors(left), width = vectors * set->lanes;
        run.pixels_max = is_1d ? set->conv1d_pixels[vectors - 1] : set->generic_pixels[vectors - 1];
        run.microkernels = is_1d ? set->conv1d[vectors - 1] : set->generic[vectors - 1];
        run.run_block(&run);
        nn_tile_next_block(&run.tile, weight_rows, width);
        run.first += width;
        left -= vectors;
    }
    if (set->release != NULL) {
        set->release();
    }
}
