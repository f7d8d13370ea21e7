#include "base/option_values.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/config_text.h"
#include "base/options.h"

enum { VALUE_BYTES = 4096 + 1 }; // a path and its end

static int64_t read_integer(const struct mc_option *option, const void *field)
{
    return option->size == sizeof(int64_t) ? *(const int64_t *)field : *(const int *)field;
}

static bool read_flag(const struct mc_option *option, const void *field)
{
    return option->size == sizeof(bool) ? *(const bool *)field : *(const int *)field > 0;
}

// The fewest digits that give the same number.
static void print_real(const struct mc_option *option, const void *field, char *text, size_t size)
{
    const bool is_double = option->size == sizeof(double);
    const double number = is_double ? *(const double *)field : (double)*(const float *)field;
    snprintf(text, size, "%.*g", is_double ? 17 : 9, number);
    for (int digits = 1; digits < (is_double ? 17 : 9); digits++) {
        char shorter[64];
        double again = 0;
        snprintf(shorter, sizeof shorter, "%.*g", digits, number);
        sscanf(shorter, "%lf", &again);
        if (is_double ? !(again < number) && !(again > number)
                      : !((float)again < (float)number) && !((float)again > (float)number)) {
            snprintf(text, size, "%s", shorter);
            return;
        }
    }
}

// Fields that hold less than a value may have are not given.
static bool is_given(const struct mc_option *option, const void *field)
{
    switch (option->kind) {
    case MC_OPTION_BOOL:
        return option->size == sizeof(bool) || *(const int *)field >= 0;
    case MC_OPTION_INT:
        return (double)read_integer(option, field) >= option->min;
    case MC_OPTION_DOUBLE:
        return option->size == sizeof(double) ? *(const double *)field >= option->min
                                              : *(const float *)field >= (float)option->min;
    case MC_OPTION_ENUM:
        return *(const int *)field >= 0;
    default:
        return true;
    }
}

// Writes the value into text; "" when there is none.
static void print_value(const struct mc_option *option, const void *field, char *text, size_t size)
{
    text[0] = '\0';
    if (!is_given(option, field)) {
        return;
    }
    switch (option->kind) {
    case MC_OPTION_BOOL:
        snprintf(text, size, "%s", read_flag(option, field) ? "yes" : "no");
        break;
    case MC_OPTION_INT:
        snprintf(text, size, "%" PRId64, read_integer(option, field));
        break;
    case MC_OPTION_DOUBLE:
        print_real(option, field, text, size);
        break;
    case MC_OPTION_STRING:
        snprintf(text, size, "%s", (const char *)field);
        break;
    case MC_OPTION_TEXT: {
        const char *value = *(const char *const *)field;
        snprintf(text, size, "%s", value == NULL ? "" : value);
        break;
    }
    case MC_OPTION_ENUM:
        snprintf(text, size, "%s", option->names[*(const int *)field]);
        break;
    case MC_OPTION_CONST:
        break; // the option that it is short for is another row
    case MC_OPTION_CALL:
        if (option->get != NULL) {
            option->get(field, text, size);
        }
        break;
    }
}

void mc_option_values_write(const struct mc_option *table, const void *target, FILE *out)
{
    for (; table->name != NULL; table++) {
        char text[VALUE_BYTES];
        if (table->place != MC_OPTION_NAMED || table->command_line_only) {
            continue;
        }
        print_value(table, (const char *)target + table->offset, text, sizeof text);
        if (text[0] != '\0') {
            mc_config_text_write_setting(out, table->name, text);
        }
    }
}

bool mc_option_values_are_same(const struct mc_option *row, const void *a, const void *b)
{
    char first[VALUE_BYTES], second[VALUE_BYTES];
    print_value(row, (const char *)a + row->offset, first, sizeof first);
    print_value(row, (const char *)b + row->offset, second, sizeof second);
    return strcmp(first, second) == 0;
}
