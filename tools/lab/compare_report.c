// What `mocap-lab compare` prints.
#include <inttypes.h>
#include <math.h>

#include "nn/compiler/program.h"
#include "nn/model.h"
#include "tools/lab/compare.h"

struct lab_row lab_compare_row(const struct lab_entry *entry)
{
    // Sorting doesn't change what the samples say.
    struct lab_samples *ms = (struct lab_samples *)&entry->ms;
    struct lab_samples *ort = (struct lab_samples *)&entry->ort_ms;
    const double median = lab_samples_quantile(ms, 0.5);
    const double errors = entry->error_count, akds = entry->akd_count;
    const bool jacobians = akds > 0 && nn_model_info(entry->model)->has_jacobians;
    return (struct lab_row){
        .ms = median,
        .gflops = 2e-6 * (double)nn_model_program(entry->model)->macs / median,
        .ort_ms = ort->count > 0 ? lab_samples_quantile(ort, 0.5) : NAN,
        .error = errors > 0 ? 100 * entry->error / errors : NAN,
        .akd = akds > 0 ? entry->akd / akds : NAN,
        .jacobian_error = jacobians ? entry->jacobian_error / akds : NAN,
    };
}

// One column of the table: its head, and what stands in it.
struct column {
    const char *head;
    int width, decimals;
    double (*value)(const struct lab_entry *entry, const struct lab_row *row);
};

#define COLUMN(name, expression)                                                                   \
    static double name(const struct lab_entry *entry, const struct lab_row *row)                   \
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

static void print_rows(const struct lab_compare *compare, const char *before, const char *behind)
{
    for (int i = 0; i < compare->count; i++) {
        const struct lab_entry *entry = &compare->entries[i];
        const struct lab_row row = lab_compare_row(entry);
        printf("%s%-*s", before, before[0] == '\0' ? NAME_WIDTH : 0, entry->name);
        for (int c = 0; c < COLUMN_COUNT; c++) {
            print_value(&columns[c], columns[c].value(entry, &row),
                        before[0] == '\0' ? " " : " | ");
        }
        printf("%s\n", behind);
    }
}

// The best model for each time budget.
static void print_front(const struct lab_compare *compare, bool markdown)
{
    const enum lab_accuracy accuracy = lab_compare_accuracy(compare);
    const char *what = accuracy == LAB_ERROR ? "error %" : "AKD";
    const struct lab_entry *front[LAB_ENTRIES_MAX];
    const int count = lab_compare_front(compare, front);
    if (count > 0) {
        printf(markdown ? "\n| within ms | take | %s |\n| ---: | --- | ---: |\n"
                        : "\nwithin ms  take                 %s\n",
               what);
    }
    for (int i = 0; i < count; i++) {
        printf(markdown ? "| %.3f | %s | %.4g |\n" : "%9.3f  %-20s %.4g\n",
               lab_compare_row(front[i]).ms, front[i]->name, lab_compare_value(front[i], accuracy));
    }
}

void lab_compare_print_text(const struct lab_compare *compare)
{
    printf("%-*s", NAME_WIDTH, "model");
    for (int c = 0; c < COLUMN_COUNT; c++) {
        printf(" %*s", columns[c].width, columns[c].head);
    }
    printf("\n");
    print_rows(compare, "", "");
    print_front(compare, false);
}

void lab_compare_print_markdown(const struct lab_compare *compare)
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
    print_front(compare, true);
}

static bool is_among(const struct lab_entry *const *entries, int count,
                     const struct lab_entry *entry)
{
    for (int i = 0; i < count; i++) {
        if (entries[i] == entry) {
            return true;
        }
    }
    return false;
}

static void print_json_number(const char *name, double value)
{
    if (isfinite(value)) {
        printf(",\"%s\":%.6g", name, value);
    } else {
        printf(",\"%s\":null", name);
    }
}

void lab_compare_print_json(const struct lab_compare *compare)
{
    const struct lab_entry *front[LAB_ENTRIES_MAX];
    const int front_count = lab_compare_front(compare, front);
    printf("[");
    for (int i = 0; i < compare->count; i++) {
        const struct lab_entry *entry = &compare->entries[i];
        const struct nn_model_info *info = nn_model_info(entry->model);
        const struct lab_row row = lab_compare_row(entry);
        printf("%s{\"model\":\"%s\",\"precision\":\"%s\",\"arch\":\"%s\",\"width\":%d,\"height\":%"
               "d,\"parameters\":%zu,"
               "\"macs\":%" PRIu64 ",\"macs_done\":%" PRIu64 ",\"arena_bytes\":%zu",
               i == 0 ? "" : ",", entry->name, nn_precision_name(entry->precision), info->arch,
               info->input_width, info->input_height, info->parameter_count, info->macs,
               nn_model_program(entry->model)->macs, info->arena_bytes);
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
        printf(",\"front\":%s}", is_among(front, front_count, entry) ? "true" : "false");
    }
    printf("]\n");
}
