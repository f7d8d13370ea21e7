// What `mocapctl compare` prints and draws.
#include <inttypes.h>
#include <math.h>

#include "nn/model.h"
#include "nn/program.h"
#include "tools/mocapctl/compare.h"

// The numbers of a row; NAN where there is none.
struct row {
    double ms, gflops, ort_ms, error, akd, jacobian_error;
};

static struct row row_of(const struct mocapctl_entry *entry)
{
    // Sorting doesn't change what the samples say.
    struct mocapctl_samples *ms = (struct mocapctl_samples *)&entry->ms;
    struct mocapctl_samples *ort = (struct mocapctl_samples *)&entry->ort_ms;
    const double median = mocapctl_samples_quantile(ms, 0.5);
    const double errors = entry->error_count, akds = entry->akd_count;
    const bool jacobians = akds > 0 && nn_model_info(entry->model)->has_jacobians;
    return (struct row){
        .ms = median,
        .gflops = 2e-6 * (double)nn_model_program(entry->model)->macs / median,
        .ort_ms = ort->count > 0 ? mocapctl_samples_quantile(ort, 0.5) : NAN,
        .error = errors > 0 ? 100 * entry->error / errors : NAN,
        .akd = akds > 0 ? entry->akd / akds : NAN,
        .jacobian_error = jacobians ? entry->jacobian_error / akds : NAN,
    };
}

// One column of the table: its head, and what stands in it.
struct column {
    const char *head;
    int width, decimals;
    double (*value)(const struct mocapctl_entry *entry, const struct row *row);
};

#define COLUMN(name, expression)                                                                   \
    static double name(const struct mocapctl_entry *entry, const struct row *row)                  \
    {                                                                                              \
        (void)row;                                                                                 \
        (void)entry;                                                                               \
        return expression;                                                                         \
    }

COLUMN(input_width, nn_model_info(entry->model)->input_width)
COLUMN(parameters, (double)nn_model_info(entry->model)->parameter_count / 1e3)
COLUMN(macs, (double)nn_model_info(entry->model)->macs / 1e6)
COLUMN(arena, (double)nn_model_info(entry->model)->arena_bytes / 1e3)
COLUMN(file, entry->file_bytes > 0 ? (double)entry->file_bytes / 1e3 : NAN)
COLUMN(ms, row->ms)
COLUMN(gflops, row->gflops)
COLUMN(down, entry->modules.down)
COLUMN(backbone, entry->modules.backbone)
COLUMN(heat, entry->modules.heat)
COLUMN(jacobian, entry->modules.jacobian)
COLUMN(ort, row->ort_ms)
COLUMN(error, row->error)
COLUMN(akd, row->akd)
COLUMN(jacobian_error, row->jacobian_error)

static const struct column columns[] = {
    { "input", 5, 0, input_width },
    { "kparams", 8, 1, parameters },
    { "MMACs", 8, 1, macs },
    { "arena kB", 8, 0, arena },
    { "file kB", 8, 0, file },
    { "ms", 7, 3, ms },
    { "GFLOP/s", 7, 1, gflops },
    { "down ms", 7, 3, down },
    { "backbone", 8, 3, backbone },
    { "heat", 7, 3, heat },
    { "Jacobian", 8, 3, jacobian },
    { "ORT ms", 7, 3, ort },
    { "error %", 7, 3, error },
    { "AKD", 7, 4, akd },
    { "J error", 7, 4, jacobian_error },
};

enum { COLUMN_COUNT = sizeof columns / sizeof columns[0], NAME_WIDTH = 20 };

static void print_value(const struct column *column, double value, const char *before)
{
    if (isfinite(value)) {
        printf("%s%*.*f", before, column->width, column->decimals, value);
    } else {
        printf("%s%*s", before, column->width, "-");
    }
}

static void print_rows(const struct mocapctl_compare *compare, const char *before,
                       const char *behind)
{
    for (int i = 0; i < compare->count; i++) {
        const struct mocapctl_entry *entry = &compare->entries[i];
        const struct row row = row_of(entry);
        printf("%s%-*s", before, before[0] == '\0' ? NAME_WIDTH : 0, entry->name);
        for (int c = 0; c < COLUMN_COUNT; c++) {
            print_value(&columns[c], columns[c].value(entry, &row),
                        before[0] == '\0' ? " " : " | ");
        }
        printf("%s\n", behind);
    }
}

void mocapctl_compare_print_text(const struct mocapctl_compare *compare)
{
    printf("%-*s", NAME_WIDTH, "model");
    for (int c = 0; c < COLUMN_COUNT; c++) {
        printf(" %*s", columns[c].width, columns[c].head);
    }
    printf("\n");
    print_rows(compare, "", "");
}

void mocapctl_compare_print_markdown(const struct mocapctl_compare *compare)
{
    printf("| model");
    for (int c = 0; c < COLUMN_COUNT; c++) {
        printf(" | %s", columns[c].head);
    }
    printf(" |\n| ---");
    for (int c = 0; c < COLUMN_COUNT; c++) {
        printf(" | ---:");
    }
    printf(" |\n");
    print_rows(compare, "| ", " |");
}

static void print_json_number(const char *name, double value)
{
    if (isfinite(value)) {
        printf(",\"%s\":%.6g", name, value);
    } else {
        printf(",\"%s\":null", name);
    }
}

void mocapctl_compare_print_json(const struct mocapctl_compare *compare)
{
    printf("[");
    for (int i = 0; i < compare->count; i++) {
        const struct mocapctl_entry *entry = &compare->entries[i];
        const struct nn_model_info *info = nn_model_info(entry->model);
        const struct row row = row_of(entry);
        printf("%s{\"model\":\"%s\",\"arch\":\"%s\",\"width\":%d,\"height\":%d,\"parameters\":%zu,"
               "\"macs\":%" PRIu64 ",\"macs_done\":%" PRIu64 ",\"arena_bytes\":%zu",
               i == 0 ? "" : ",", entry->name, info->arch, info->input_width, info->input_height,
               info->parameter_count, info->macs, nn_model_program(entry->model)->macs,
               info->arena_bytes);
        print_json_number("file_bytes", entry->file_bytes > 0 ? (double)entry->file_bytes : NAN);
        print_json_number("ms", row.ms);
        print_json_number("gflops", row.gflops);
        print_json_number("down_ms", entry->modules.down);
        print_json_number("backbone_ms", entry->modules.backbone);
        print_json_number("heat_ms", entry->modules.heat);
        print_json_number("jacobian_ms", entry->modules.jacobian);
        print_json_number("onnxruntime_ms", row.ort_ms);
        print_json_number("error_percent", row.error);
        print_json_number("akd", row.akd);
        print_json_number("jacobian_error", row.jacobian_error);
        printf("}");
    }
    printf("]\n");
}

// ---- the picture --------------------------------------------------------------------

enum { WIDTH = 720, HEIGHT = 480, LEFT = 80, BOTTOM = 60, MARGIN = 40 };

// What the second axis shows: the first of these that any model has.
static double height_of(const struct row *row, const struct mocapctl_entry *entry, int kind)
{
    return kind == 0   ? row->error
           : kind == 1 ? row->akd
                       : (double)nn_model_info(entry->model)->macs / 1e6;
}

static double largest(const struct mocapctl_compare *compare, int kind)
{
    double most = 0;
    for (int i = 0; i < compare->count; i++) {
        const struct row row = row_of(&compare->entries[i]);
        const double value = kind < 0 ? row.ms : height_of(&row, &compare->entries[i], kind);
        most = isfinite(value) && value > most ? value : most;
    }
    return most;
}

static void draw_axes(FILE *out, const char *what, double wide, double high)
{
    static const char text[] = "font-family='sans-serif' font-size='13'";
    fprintf(out,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d'>\n"
            "<rect width='%d' height='%d' fill='white'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (int i = 0; i <= 4; i++) {
        const double x = LEFT + i * (WIDTH - LEFT - MARGIN) / 4.0;
        const double y = HEIGHT - BOTTOM - i * (HEIGHT - BOTTOM - MARGIN) / 4.0;
        fprintf(out,
                "<path d='M%.1f %d V%d M%d %.1f H%d' stroke='#ddd'/>\n"
                "<text x='%.1f' y='%d' text-anchor='middle' %s>%.3g</text>\n"
                "<text x='%d' y='%.1f' text-anchor='end' %s>%.3g</text>\n",
                x, MARGIN, HEIGHT - BOTTOM, LEFT, y, WIDTH - MARGIN, x, HEIGHT - BOTTOM + 20, text,
                i * wide / 4, LEFT - 8, y + 4, text, i * high / 4);
    }
    fprintf(out,
            "<text x='%d' y='%d' text-anchor='middle' %s>ms a frame, one thread</text>\n"
            "<text x='%d' y='24' %s>%s</text>\n",
            (LEFT + WIDTH - MARGIN) / 2, HEIGHT - 15, text, LEFT - 60, text, what);
}

bool mocapctl_compare_draw(const struct mocapctl_compare *compare, const char *path,
                           struct mc_error *err)
{
    static const char *const kinds[] = { "error, % of the eyes' distance", "AKD to the teacher",
                                         "million multiply-adds" };
    int kind = 0;
    while (kind < 2 && !(largest(compare, kind) > 0)) {
        kind++;
    }
    const double wide = 1.15 * largest(compare, -1), high = 1.1 * largest(compare, kind);
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        return mc_error_set_errno(err, "%s", path);
    }
    draw_axes(out, kinds[kind], wide, high);
    for (int i = 0; i < compare->count; i++) {
        const struct row row = row_of(&compare->entries[i]);
        const double value = height_of(&row, &compare->entries[i], kind);
        if (!isfinite(value)) {
            continue;
        }
        const double x = LEFT + row.ms / wide * (WIDTH - LEFT - MARGIN);
        const double y = HEIGHT - BOTTOM - value / high * (HEIGHT - BOTTOM - MARGIN);
        fprintf(out,
                "<circle cx='%.1f' cy='%.1f' r='5' fill='#27c'/>\n<text x='%.1f' y='%.1f' "
                "font-family='sans-serif' font-size='13'>%s</text>\n",
                x, y, x + 9, y + 4, compare->entries[i].name);
    }
    fprintf(out, "</svg>\n");
    return fclose(out) == 0 || mc_error_set_errno(err, "%s", path);
}
