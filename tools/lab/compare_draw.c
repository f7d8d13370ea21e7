// The chart of `mocap-lab compare`: accuracy against time, as SVG.
#include <math.h>

#include "nn/model.h"
#include "tools/lab/compare.h"

enum { WIDTH = 720, HEIGHT = 480, LEFT = 80, BOTTOM = 60, MARGIN = 40 };

static const char text[] = "font-family='sans-serif' font-size='13'";

// What the second axis shows: the first of these that any model has.
static const char *const kinds[] = { "error, % of the eyes' distance", "AKD to the teacher",
                                     "million multiply-adds" };
enum { ERROR, AKD, MACS };

// From the least to the greatest number, with room to both sides.
struct axis {
    double low, high;
};

static double height_of(const struct lab_entry *entry, int kind)
{
    const struct lab_row row = lab_compare_row(entry);
    return kind == ERROR ? row.error
           : kind == AKD ? row.akd
                         : (double)nn_model_info(entry->model)->macs / 1e6;
}

static void stretch(struct axis *axis, double value)
{
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
}

// Times differ by factors: that axis is logarithmic.
static double x_of(const struct axis *axis, double ms)
{
    return LEFT + log(ms / axis->low) / log(axis->high / axis->low) * (WIDTH - LEFT - MARGIN);
}

static double y_of(const struct axis *axis, double value)
{
    return HEIGHT - BOTTOM -
           (value - axis->low) / (axis->high - axis->low) * (HEIGHT - BOTTOM - MARGIN);
}

static void draw_times(FILE *out, const struct axis *axis)
{
    static const double steps[] = { 1, 2, 5 };
    for (int i = 0; i < 30; i++) {
        const double ms = steps[i % 3] * pow(10, i / 3 - 4);
        if (ms < axis->low || ms > axis->high) {
            continue;
        }
        const double x = x_of(axis, ms);
        fprintf(out,
                "<path d='M%.1f %d V%d' stroke='#ddd'/>\n"
                "<text x='%.1f' y='%d' text-anchor='middle' %s>%g</text>\n",
                x, MARGIN, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 20, text, ms);
    }
    fprintf(out, "<text x='%d' y='%d' text-anchor='middle' %s>ms per frame, one thread</text>\n",
            (LEFT + WIDTH - MARGIN) / 2, HEIGHT - 15, text);
}

static void draw_heights(FILE *out, const struct axis *axis, const char *what)
{
    enum { TICKS = 4 };
    for (int i = 0; i <= TICKS; i++) {
        const double value = axis->low + i * (axis->high - axis->low) / TICKS;
        const double y = y_of(axis, value);
        fprintf(out,
                "<path d='M%d %.1f H%d' stroke='#ddd'/>\n"
                "<text x='%d' y='%.1f' text-anchor='end' %s>%.3g</text>\n",
                LEFT, y, WIDTH - MARGIN, LEFT - 8, y + 4, text, value);
    }
    fprintf(out, "<text x='%d' y='24' %s>%s</text>\n", LEFT - 60, text, what);
}

static void draw_entry(FILE *out, const struct lab_entry *entry, double x, double y)
{
    // To the left where there is no room to the right.
    const bool left = x > WIDTH - MARGIN - 120;
    fprintf(out,
            "<circle cx='%.1f' cy='%.1f' r='5' fill='#27c'/>\n"
            "<text x='%.1f' y='%.1f' text-anchor='%s' %s>%s</text>\n",
            x, y, left ? x - 9 : x + 9, y + 4, left ? "end" : "start", text, entry->name);
}

bool lab_compare_draw(const struct lab_compare *compare, const char *path, struct mc_error *err)
{
    int kind = MACS;
    for (int i = 0; i < compare->count; i++) {
        const struct lab_row row = lab_compare_row(&compare->entries[i]);
        kind = isfinite(row.error) ? ERROR : isfinite(row.akd) && kind == MACS ? AKD : kind;
    }
    struct axis across = { INFINITY, 0 }, up = { INFINITY, -INFINITY };
    for (int i = 0; i < compare->count; i++) {
        const double height = height_of(&compare->entries[i], kind);
        if (isfinite(height)) {
            stretch(&across, lab_compare_row(&compare->entries[i]).ms);
            stretch(&up, height);
        }
    }
    across = (struct axis){ across.low / 1.5, across.high * 1.5 };
    const double room = fmax(0.1 * (up.high - up.low), 0.02 * up.high);
    up = (struct axis){ up.low - room, up.high + room };
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        return mc_error_set_errno(err, "%s", path);
    }
    fprintf(out,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d'>\n"
            "<rect width='%d' height='%d' fill='white'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_times(out, &across);
    draw_heights(out, &up, kinds[kind]);
    for (int i = 0; i < compare->count; i++) {
        const struct lab_entry *entry = &compare->entries[i];
        const double height = height_of(entry, kind);
        if (isfinite(height)) {
            draw_entry(out, entry, x_of(&across, lab_compare_row(entry).ms), y_of(&up, height));
        }
    }
    fprintf(out, "</svg>\n");
    return fclose(out) == 0 || mc_error_set_errno(err, "%s", path);
}
