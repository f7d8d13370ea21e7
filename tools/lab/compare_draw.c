// The chart of `mocap-lab compare`: accuracy against time, as SVG.
#include <math.h>

#include "tools/lab/compare.h"
#include "tools/output_file.h"

enum { WIDTH = 720, HEIGHT = 480, LEFT = 80, BOTTOM = 60, MARGIN = 40 };

static const char text[] = "font-family='sans-serif' font-size='13'";

// What the second axis shows, by enum lab_accuracy.
static const char *const kinds[] = { "error, % of the eyes' distance", "AKD to the teacher",
                                     "million multiply-adds" };

static const char f32_colour[] = "#27c", int8_colour[] = "#c60", ort_colour[] = "#888";

// From the least to the greatest number, with room to both sides.
struct axis {
    double low, high;
};

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

struct axes {
    struct axis across, up;
    enum lab_accuracy accuracy;
};

static struct axes make_axes(const struct lab_compare *compare)
{
    struct axes axes = { { INFINITY, 0 }, { INFINITY, -INFINITY }, lab_compare_accuracy(compare) };
    for (int i = 0; i < compare->count; i++) {
        const double value = lab_compare_value(&compare->entries[i], axes.accuracy);
        const struct lab_row row = lab_compare_row(&compare->entries[i]);
        if (isfinite(value)) {
            stretch(&axes.across, row.ms);
            stretch(&axes.across, isfinite(row.ort_ms) ? row.ort_ms : row.ms);
            stretch(&axes.up, value);
        }
    }
    const double room = fmax(0.1 * (axes.up.high - axes.up.low), 0.02 * axes.up.high);
    axes.across = (struct axis){ axes.across.low / 1.5, axes.across.high * 1.5 };
    axes.up = (struct axis){ axes.up.low - room, axes.up.high + room };
    return axes;
}

// The best models for their time, joined.
static void draw_front(FILE *out, const struct lab_compare *compare, const struct axes *axes)
{
    const struct lab_entry *front[LAB_ENTRIES_MAX];
    const int count = lab_compare_front(compare, front);
    fprintf(out, "<polyline fill='none' stroke='#7a7' stroke-width='2' points='");
    for (int i = 0; i < count; i++) {
        fprintf(out, "%.1f,%.1f ", x_of(&axes->across, lab_compare_row(front[i]).ms),
                y_of(&axes->up, lab_compare_value(front[i], axes->accuracy)));
    }
    fprintf(out, "'/>\n");
}

static void draw_point(FILE *out, double x, double y, const char *fill, const char *stroke)
{
    fprintf(out, "<circle cx='%.1f' cy='%.1f' r='5' fill='%s' stroke='%s'/>\n", x, y, fill, stroke);
}

static void draw_link(FILE *out, double x, double y, double to_x, double to_y)
{
    fprintf(out, "<path d='M%.1f %.1fL%.1f %.1f' stroke='%s' stroke-dasharray='2 3'/>\n", x, y,
            to_x, to_y, ort_colour);
}

// A model in float32 has its name; what else is known of it is linked to it.
static void draw_entry(FILE *out, const struct lab_entry *entry, const struct axes *axes)
{
    const struct lab_row row = lab_compare_row(entry);
    const double value = lab_compare_value(entry, axes->accuracy);
    if (!isfinite(value)) {
        return;
    }
    const double x = x_of(&axes->across, row.ms), y = y_of(&axes->up, value);
    if (entry->f32 != NULL) {
        draw_link(out, x, y, x_of(&axes->across, lab_compare_row(entry->f32).ms),
                  y_of(&axes->up, lab_compare_value(entry->f32, axes->accuracy)));
        draw_point(out, x, y, int8_colour, int8_colour);
        return;
    }
    if (isfinite(row.ort_ms)) {
        const double ort = x_of(&axes->across, row.ort_ms);
        draw_link(out, x, y, ort, y);
        draw_point(out, ort, y, "white", ort_colour);
    }
    draw_point(out, x, y, f32_colour, f32_colour);
    // To the left where there is no room to the right.
    const bool left = x > WIDTH - MARGIN - 120;
    fprintf(out, "<text x='%.1f' y='%.1f' text-anchor='%s' %s>%s</text>\n", left ? x - 9 : x + 9,
            y - 6, left ? "end" : "start", text, entry->name);
}

// What the colours mean, of those that are there.
static void draw_legend(FILE *out, const struct lab_compare *compare)
{
    bool ort = false;
    for (int i = 0; i < compare->count; i++) {
        ort = ort || isfinite(lab_compare_row(&compare->entries[i]).ort_ms);
    }
    const struct {
        const char *words, *fill, *colour;
        bool there;
    } parts[] = { { "float32", f32_colour, f32_colour, true },
                  { "int8", int8_colour, int8_colour, compare->int8 },
                  { "ONNX Runtime, float32", "white", ort_colour, ort } };
    int x = WIDTH - 360;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && (compare->int8 || ort); i++) {
        if (parts[i].there) {
            draw_point(out, x, 20, parts[i].fill, parts[i].colour);
            fprintf(out, "<text x='%d' y='24' %s>%s</text>\n", x + 9, text, parts[i].words);
            x += 90;
        }
    }
}

bool lab_compare_draw(const struct lab_compare *compare, const char *path, struct mc_error *err)
{
    const struct axes axes = make_axes(compare);
    struct tools_output_file file;
    if (!tools_output_file_begin(&file, path, err)) {
        return false;
    }
    FILE *out = fopen(file.path, "we");
    if (out == NULL) {
        mc_error_set_errno(err, "%s", path);
        tools_output_file_drop(&file);
        return false;
    }
    fprintf(out,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d'>\n"
            "<rect width='%d' height='%d' fill='white'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_times(out, &axes.across);
    draw_heights(out, &axes.up, kinds[axes.accuracy]);
    draw_legend(out, compare);
    draw_front(out, compare, &axes);
    for (int i = 0; i < compare->count; i++) {
        draw_entry(out, &compare->entries[i], &axes);
    }
    fprintf(out, "</svg>\n");
    const bool is_written = !ferror(out);
    if (fclose(out) != 0 || !is_written) {
        mc_error_set_errno(err, "%s", path);
        tools_output_file_drop(&file);
        return false;
    }
    return tools_output_file_commit(&file, err);
}
