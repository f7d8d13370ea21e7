#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/shapes.h"

enum {
    NAME_WIDTH = 18,
    NUMBER_WIDTH = 8,
    OTHER_WIDTH = 25,
    TEXT_BYTES = 64,
    COLUMNS_MAX = 2 + 4 * LAB_SHAPES_PROGRAMS_MAX,
};

// Text that lines up, or Markdown. Cells are printed as they come.
struct table {
    bool markdown, is_heading; // the row is the first one, which sets the widths
    int column;                // next one of the row
    int widths[COLUMNS_MAX];
};

static void put(struct table *table, int width, const char *text)
{
    const int column = table->column++, length = (int)strlen(text);
    if (table->is_heading) {
        table->widths[column] = length > width ? length : width;
    }
    if (table->markdown) {
        printf("%s %s |", column == 0 ? "|" : "", text);
    } else {
        printf("%s%*s", column == 0 ? "" : "  ",
               column == 0 ? -table->widths[column] : table->widths[column], text);
    }
}

// "-" for what is not a number, and no "-0.00".
static void format_number(char text[TEXT_BYTES], int decimals, double number)
{
    const double unit = pow(10, -decimals);
    if (isfinite(number)) {
        snprintf(text, TEXT_BYTES, "%.*f", decimals, fabs(number) < unit / 2 ? 0 : number);
    } else {
        snprintf(text, TEXT_BYTES, "-");
    }
}

static void put_number(struct table *table, int decimals, double number)
{
    char text[TEXT_BYTES];
    format_number(text, decimals, number);
    put(table, NUMBER_WIDTH, text);
}

static void end_row(struct table *table)
{
    printf("\n");
    for (int i = 0; table->is_heading && table->markdown && i < table->column; i++) {
        printf("%s ---%s |", i == 0 ? "|" : "", i == 0 ? "" : ":");
    }
    if (table->is_heading && table->markdown) {
        printf("\n");
    }
    table->column = 0;
    table->is_heading = false;
}

// Starts a table.
static void print_title(struct table *table, const char *title)
{
    printf(table->markdown ? "\n### %s\n\n" : "\n%s\n", title);
    table->is_heading = true;
}

// A heading's cell that says which program it is about, where there are several.
static void put_head(struct table *table, int width, const struct lab_shapes_result *results,
                     int count, int program, const char *what)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "%s%s%s", count > 1 ? results[program].program : "",
             count > 1 ? ": " : "", what);
    put(table, width, text);
}

static void put_other(struct table *table, const struct lab_shapes_case *one)
{
    char text[TEXT_BYTES] = "-", rise[TEXT_BYTES];
    if (one->other >= 0) {
        format_number(rise, 2, one->other_rise);
        snprintf(text, sizeof text, "%s %.8s", protocol_shape_name(one->other), rise);
    }
    put(table, OTHER_WIDTH, text);
}

// ---- shapes

static double order_of(const struct lab_shapes_case *one)
{
    return isfinite(one->response) ? one->response : -INFINITY;
}

static int compare_cases(const void *a, const void *b)
{
    const struct lab_shapes_case *one = *(const struct lab_shapes_case *const *)a;
    const struct lab_shapes_case *other = *(const struct lab_shapes_case *const *)b;
    const double first = order_of(one), second = order_of(other);
    return first != second ? (first < second ? 1 : -1) : strcmp(one->name, other->name);
}

// The last row: means over the shapes.
static void print_shape_means(struct table *table, const struct lab_shapes_result *results,
                              int count)
{
    put(table, NAME_WIDTH, table->markdown ? "**mean**" : "mean");
    for (int p = 0; p < count; p++) {
        struct lab_shapes_mean own = { 0 }, other = { 0 };
        for (int i = 0; i < results[p].case_count; i++) {
            const struct lab_shapes_case *one = &results[p].cases[i];
            if (one->kind == LAB_HEAD_SHAPE && isfinite(one->response)) {
                own = (struct lab_shapes_mean){ own.sum + one->response, own.count + 1 };
            }
            if (one->kind == LAB_HEAD_SHAPE && one->other >= 0) {
                other =
                    (struct lab_shapes_mean){ other.sum + fabs(one->other_rise), other.count + 1 };
            }
        }
        put_number(table, 2, lab_shapes_mean(&own));
        put_number(table, 2, lab_shapes_mean(&other));
    }
    end_row(table);
}

// Rows by the first program's response. All programs have the same cases in the same order.
static void print_shapes(struct table *table, const struct lab_shapes_result *results, int count,
                         const struct lab_shapes_case **order)
{
    print_title(table, "One shape at a time");
    put(table, NAME_WIDTH, "shape");
    for (int p = 0; p < count; p++) {
        put_head(table, NUMBER_WIDTH, results, count, p, "itself");
        put(table, OTHER_WIDTH, "largest other");
    }
    end_row(table);
    int shapes = 0;
    for (int i = 0; i < results[0].case_count; i++) {
        if (results[0].cases[i].kind == LAB_HEAD_SHAPE) {
            order[shapes++] = &results[0].cases[i];
        }
    }
    qsort(order, (size_t)shapes, sizeof *order, compare_cases);
    for (int i = 0; i < shapes; i++) {
        put(table, NAME_WIDTH, order[i]->name);
        for (int p = 0; p < count; p++) {
            const struct lab_shapes_case *one = &results[p].cases[order[i] - results[0].cases];
            put_number(table, 2, one->response);
            put_other(table, one);
        }
        end_row(table);
    }
    print_shape_means(table, results, count);
}

static void print_side_effects(struct table *table, const struct lab_shapes_result *results,
                               int count)
{
    print_title(table, "The shape that moves most when only the eyes or the head turn");
    put(table, NAME_WIDTH, "case");
    for (int p = 0; p < count; p++) {
        put(table, OTHER_WIDTH, results[p].program);
    }
    end_row(table);
    for (int i = 0; i < results[0].case_count; i++) {
        if (results[0].cases[i].kind != LAB_HEAD_SHAPE) {
            put(table, NAME_WIDTH, results[0].cases[i].name);
            for (int p = 0; p < count; p++) {
                put_other(table, &results[p].cases[i]);
            }
            end_row(table);
        }
    }
}

// ---- angles

static void put_yaw(struct table *table, const struct lab_shapes_yaw *yaw, int images)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "%.0f to %.0f", yaw->low, yaw->high);
    put(table, NAME_WIDTH, text);
    put_number(table, 0, images);
}

// For each program: of how many images there are angles, and their mean errors.
static void put_errors(struct table *table, const struct lab_shapes_mean *errors, int count)
{
    put_number(table, 0, errors[0].count);
    for (int k = 0; k < count; k++) {
        put_number(table, 1, lab_shapes_mean(&errors[k]));
    }
}

static void put_error_heads(struct table *table, const struct lab_shapes_result *results, int count,
                            const char *const *names, int name_count)
{
    put(table, NAME_WIDTH, "yaw");
    put(table, NUMBER_WIDTH, "images");
    for (int p = 0; p < count; p++) {
        put_head(table, NUMBER_WIDTH, results, count, p, "seen");
        for (int k = 0; k < name_count; k++) {
            put(table, NUMBER_WIDTH, names[k]);
        }
    }
    end_row(table);
}

static void print_gaze(struct table *table, const struct lab_shapes_result *results, int count)
{
    static const char *const names[2] = { "sideways", "up, down" };
    print_title(table, "Gaze: mean error of an eye by the head's yaw, degrees");
    put_error_heads(table, results, count, names, 2);
    for (int i = 0; i < LAB_SHAPES_YAWS; i++) {
        if (results[0].yaws[i].looks > 0) {
            put_yaw(table, &results[0].yaws[i], results[0].yaws[i].looks);
            for (int p = 0; p < count; p++) {
                put_errors(table, results[p].yaws[i].gaze, 2);
            }
            end_row(table);
        }
    }
}

// How answers follow the truth: a row for each program.
static void print_gaze_fits(struct table *table, const struct lab_shapes_result *results, int count)
{
    static const char *const names[] = { "r across", "r up",    "slope",
                                         "slope up", "crossed", "answered" };
    print_title(table, "Gaze over all looks: correlation, slope, degrees of crossed eyes");
    put(table, NAME_WIDTH, "program");
    for (int k = 0; k < 6; k++) {
        put(table, NUMBER_WIDTH, names[k]);
    }
    end_row(table);
    for (int p = 0; p < count; p++) {
        const struct lab_shapes_result *result = &results[p];
        put(table, NAME_WIDTH, result->program);
        put_number(table, 2, lab_shapes_correlation(&result->gaze[0]));
        put_number(table, 2, lab_shapes_correlation(&result->gaze[1]));
        put_number(table, 2, lab_shapes_slope(&result->gaze[0]));
        put_number(table, 2, lab_shapes_slope(&result->gaze[1]));
        put_number(table, 1, lab_shapes_mean(&result->true_toe_in));
        put_number(table, 1, lab_shapes_mean(&result->toe_in));
        end_row(table);
    }
}

static void print_turns(struct table *table, const struct lab_shapes_result *results, int count)
{
    static const char *const names[3] = { "pitch", "yaw", "roll" };
    print_title(table, "Head: mean error by its yaw, degrees");
    put_error_heads(table, results, count, names, 3);
    for (int i = 0; i < LAB_SHAPES_YAWS; i++) {
        if (results[0].yaws[i].turns > 0) {
            put_yaw(table, &results[0].yaws[i], results[0].yaws[i].turns);
            for (int p = 0; p < count; p++) {
                put_errors(table, results[p].yaws[i].euler, 3);
            }
            end_row(table);
        }
    }
}

static void print_turn_fits(struct table *table, const struct lab_shapes_result *results, int count)
{
    print_title(table, "Head: slope of the answer over the truth; mean offset, degrees");
    put(table, NAME_WIDTH, "program");
    for (int k = 0; k < 6; k++) {
        static const char *const names[] = { "pitch", "yaw", "roll" };
        char text[TEXT_BYTES];
        snprintf(text, sizeof text, "%s%s", names[k % 3], k < 3 ? "" : " off");
        put(table, NUMBER_WIDTH, text);
    }
    end_row(table);
    for (int p = 0; p < count; p++) {
        put(table, NAME_WIDTH, results[p].program);
        for (int k = 0; k < 3; k++) {
            put_number(table, 2, lab_shapes_slope(&results[p].euler[k]));
        }
        for (int k = 0; k < 3; k++) {
            put_number(table, 1, lab_shapes_offset(&results[p].euler[k]));
        }
        end_row(table);
    }
}

bool lab_shapes_print(const struct lab_shapes_result *results, int count, bool markdown,
                      struct mc_error *err)
{
    struct table table = { .markdown = markdown, .is_heading = true };
    const struct lab_shapes_case **order =
        calloc((size_t)results[0].case_count + 1, sizeof(struct lab_shapes_case *));
    if (order == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    put(&table, NAME_WIDTH, "program");
    put(&table, NUMBER_WIDTH, "images");
    put(&table, NUMBER_WIDTH, "faces");
    end_row(&table);
    for (int p = 0; p < count; p++) {
        put(&table, NAME_WIDTH, results[p].program);
        put_number(&table, 0, results[p].images);
        put_number(&table, 0, results[p].found);
        end_row(&table);
    }
    print_shapes(&table, results, count, order);
    print_side_effects(&table, results, count);
    print_gaze(&table, results, count);
    print_gaze_fits(&table, results, count);
    print_turns(&table, results, count);
    print_turn_fits(&table, results, count);
    free(order);
    return true;
}
