#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/glyphs.h"
#include "tools/lab/shapes.h"
#include "tools/video_writer.h"

enum {
    CELL = 16,
    SCALE = 2, // of letters
    LETTER_WIDTH = (LAB_GLYPH_WIDTH + 1) * SCALE,
    LETTER_HEIGHT = LAB_GLYPH_HEIGHT * SCALE,
    GAP = 8,
    LEGEND_STEPS = 21, // from -1 to 1
    HEIGHT_MAX = 16384,
};

struct colour {
    uint8_t rgb[3];
};

static const struct colour black = { { 0, 0, 0 } }, unknown = { { 225, 225, 225 } };
static const double red[3] = { 178, 24, 43 }, blue[3] = { 33, 102, 172 };

struct canvas {
    uint8_t *rgb; // owned; width x 3 bytes a row
    int width, height;
};

static void fill(const struct canvas *canvas, int x, int y, int width, int height,
                 struct colour colour)
{
    for (int i = y; i < y + height && i < canvas->height; i++) {
        for (int j = x; j < x + width && j < canvas->width; j++) {
            memcpy(canvas->rgb + 3 * ((size_t)i * (size_t)canvas->width + (size_t)j), colour.rgb,
                   3);
        }
    }
}

// Text from x, y (its upper left corner) to the right; or, turned, from x, y (its lower left
// corner) upwards.
static void draw_text(const struct canvas *canvas, int x, int y, bool turned, const char *text)
{
    for (; *text != '\0'; text++) {
        const uint8_t *rows = lab_glyph(*text);
        for (int i = 0; i < LAB_GLYPH_HEIGHT; i++) {
            for (int j = 0; j < LAB_GLYPH_WIDTH; j++) {
                if (rows[i] >> (LAB_GLYPH_WIDTH - 1 - j) & 1) {
                    fill(canvas, x + SCALE * (turned ? i : j), y + SCALE * (turned ? -1 - j : i),
                         SCALE, SCALE, black);
                }
            }
        }
        x += turned ? 0 : LETTER_WIDTH;
        y -= turned ? LETTER_WIDTH : 0;
    }
}

static int text_width(const char *text)
{
    return (int)strlen(text) * LETTER_WIDTH;
}

static struct colour colour_of(double rise)
{
    if (!isfinite(rise)) {
        return unknown;
    }
    const double share = fmin(1, fabs(rise));
    struct colour colour;
    for (int i = 0; i < 3; i++) {
        colour.rgb[i] = (uint8_t)lround(255 + share * ((rise > 0 ? red[i] : blue[i]) - 255));
    }
    return colour;
}

static void draw_cell(const struct canvas *canvas, int x, int y, double rise, bool is_moved)
{
    fill(canvas, x, y, CELL, CELL, is_moved ? black : unknown);
    fill(canvas, x + 1, y + 1, CELL - 2, CELL - 2, colour_of(rise));
}

// ---- one matrix

static int compare_names(const void *a, const void *b)
{
    return strcmp(protocol_shape_name(*(const int *)a), protocol_shape_name(*(const int *)b));
}

// Where things are; the same in all matrices.
struct layout {
    int names_width, labels_height;     // of the rows' names and of the columns'
    int channels[PROTOCOL_SHAPE_COUNT]; // by name, as the cases usually are
    int height;                         // of one matrix, with its title and a gap behind
};

static struct layout make_layout(const struct lab_shapes_result *result)
{
    struct layout layout = { 0 };
    for (int i = 0; i < result->case_count; i++) {
        const int width = text_width(result->cases[i].name);
        layout.names_width = width > layout.names_width ? width : layout.names_width;
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const int width = text_width(protocol_shape_name(i));
        layout.channels[i] = i;
        layout.labels_height = width > layout.labels_height ? width : layout.labels_height;
    }
    qsort(layout.channels, PROTOCOL_SHAPE_COUNT, sizeof layout.channels[0], compare_names);
    layout.height = LETTER_HEIGHT + layout.labels_height + 5 * GAP + result->case_count * CELL;
    return layout;
}

static void draw_matrix(const struct canvas *canvas, const struct layout *layout, int top,
                        const struct lab_shapes_result *result)
{
    const int left = layout->names_width + 2 * GAP;
    const int first = top + LETTER_HEIGHT + layout->labels_height + 2 * GAP;
    draw_text(canvas, GAP, top, false, result->program);
    for (int j = 0; j < PROTOCOL_SHAPE_COUNT; j++) {
        draw_text(canvas, left + j * CELL + (CELL - LETTER_HEIGHT) / 2, first - GAP / 2, true,
                  protocol_shape_name(layout->channels[j]));
    }
    for (int i = 0; i < result->case_count; i++) {
        const struct lab_shapes_case *one = &result->cases[i];
        const int y = first + i * CELL;
        draw_text(canvas, GAP, y + (CELL - LETTER_HEIGHT) / 2, false, one->name);
        for (int j = 0; j < PROTOCOL_SHAPE_COUNT; j++) {
            const int channel = layout->channels[j];
            draw_cell(canvas, left + j * CELL, y, one->rise[channel], one->is_moved[channel]);
        }
    }
}

static void draw_legend(const struct canvas *canvas, int x, int y)
{
    for (int i = 0; i < LEGEND_STEPS; i++) {
        draw_cell(canvas, x + i * CELL, y, 2.0 * i / (LEGEND_STEPS - 1) - 1, false);
    }
    const int below = y + CELL + GAP / 2;
    draw_text(canvas, x, below, false, "-1");
    draw_text(canvas, x + LEGEND_STEPS / 2 * CELL, below, false, "0");
    draw_text(canvas, x + (LEGEND_STEPS - 1) * CELL, below, false, "+1");
    draw_text(canvas, x + (LEGEND_STEPS + 1) * CELL, y, false, "change of the channel");
}

static bool write_png(const struct canvas *canvas, const char *path, struct mc_error *err)
{
    struct video_writer *writer =
        video_writer_create(path, canvas->width, canvas->height, 1, 1, err);
    if (writer == NULL) {
        return false;
    }
    if (!video_writer_add(writer, canvas->rgb, (size_t)canvas->width * 3, err)) {
        video_writer_abandon(writer);
        return false;
    }
    return video_writer_finish(writer, err);
}

bool lab_shapes_draw(const struct lab_shapes_result *results, int count, const char *path,
                     struct mc_error *err)
{
    const struct layout layout = make_layout(&results[0]);
    const int legend = CELL + LETTER_HEIGHT + 2 * GAP;
    struct canvas canvas = { .width = layout.names_width + 3 * GAP + PROTOCOL_SHAPE_COUNT * CELL,
                             .height = GAP + count * layout.height + legend };
    if (canvas.height > HEIGHT_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: must be at most %d pixels high, %d cases take %d", path,
                            HEIGHT_MAX, results[0].case_count, canvas.height);
    }
    const size_t bytes = (size_t)canvas.width * (size_t)canvas.height * 3;
    canvas.rgb = malloc(bytes);
    if (canvas.rgb == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    }
    memset(canvas.rgb, 255, bytes);
    for (int p = 0; p < count; p++) {
        draw_matrix(&canvas, &layout, GAP + p * layout.height, &results[p]);
    }
    draw_legend(&canvas, layout.names_width + 2 * GAP, GAP + count * layout.height);
    const bool good = write_png(&canvas, path, err);
    free(canvas.rgb);
    return good;
}
