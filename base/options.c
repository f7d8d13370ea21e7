#include "base/options.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/suggestion.h"
#include "base/value.h"

enum { LABEL_BYTES = 64 };

const char *const mc_options_log_levels[] = { "error", "warning", "info", "debug", NULL };

// ---- Values

static bool set_boolean(const struct mc_option *option, const char *label, void *field,
                        const char *value, struct mc_error *err)
{
    bool yes;
    if (!mc_value_boolean(label, value, &yes, err)) {
        return false;
    }
    if (option->size == sizeof(bool)) {
        *(bool *)field = yes;
    } else {
        assert(option->size == sizeof(int));
        *(int *)field = yes;
    }
    return true;
}

static bool set_integer(const struct mc_option *option, const char *label, void *field,
                        const char *value, struct mc_error *err)
{
    int64_t number;
    if (!mc_value_integer(label, value, (int64_t)option->min, (int64_t)option->max, &number, err)) {
        return false;
    }
    if (option->size == sizeof(int64_t)) {
        *(int64_t *)field = number;
    } else {
        assert(option->size == sizeof(int) && option->min >= INT_MIN && option->max <= INT_MAX);
        *(int *)field = (int)number;
    }
    return true;
}

static bool set_real(const struct mc_option *option, const char *label, void *field,
                     const char *value, struct mc_error *err)
{
    double number;
    if (!mc_value_real(label, value, option->min, option->max, &number, err)) {
        return false;
    }
    if (option->size == sizeof(double)) {
        *(double *)field = number;
    } else {
        assert(option->size == sizeof(float));
        *(float *)field = (float)number;
    }
    return true;
}

static bool set_text(const struct mc_option *option, const char *label, void *field,
                     const char *value, struct mc_error *err)
{
    assert(option->size == sizeof value);
    (void)option;
    if (value[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must not be empty", label);
    }
    *(const char **)field = value;
    return true;
}

static bool set_choice(const struct mc_option *option, const char *label, void *field,
                       const char *value, struct mc_error *err)
{
    assert(option->size == sizeof(int));
    int count = 0;
    while (option->names[count] != NULL) {
        count++;
    }
    return mc_value_choice(label, value, option->names, count, field, err);
}

static bool set_constant(const struct mc_option *option, const char *label, void *field,
                         const char *value, struct mc_error *err)
{
    assert(option->size == sizeof(int));
    bool yes;
    if (!mc_value_boolean(label, value, &yes, err)) {
        return false;
    }
    if (yes) {
        *(int *)field = option->constant;
    }
    return true;
}

// label names the option in errors as the user wrote it: "--count", "count", "STREAM".
static bool set_field(const struct mc_option *option, const char *label, void *field,
                      const char *value, struct mc_error *err)
{
    switch (option->kind) {
    case MC_OPTION_BOOL:
        return set_boolean(option, label, field, value, err);
    case MC_OPTION_INT:
        return set_integer(option, label, field, value, err);
    case MC_OPTION_DOUBLE:
        return set_real(option, label, field, value, err);
    case MC_OPTION_STRING:
        return mc_value_text(label, value, field, option->size, err);
    case MC_OPTION_TEXT:
        return set_text(option, label, field, value, err);
    case MC_OPTION_ENUM:
        return set_choice(option, label, field, value, err);
    case MC_OPTION_CONST:
        return set_constant(option, label, field, value, err);
    case MC_OPTION_CALL:
        return option->set(field, label, value, err);
    }
    assert(false);
    return false;
}

static bool set_option(const struct mc_option *option, const char *dashes, void *target,
                       const char *value, struct mc_error *err)
{
    char label[LABEL_BYTES];
    snprintf(label, sizeof label, "%s%s", dashes, option->name);
    return set_field(option, label, (char *)target + option->offset, value, err);
}

// ---- Finding rows

static const struct mc_option *find_name(const struct mc_option *table, const char *name,
                                         size_t length)
{
    for (; table->name != NULL; table++) {
        if (table->place == MC_OPTION_NAMED && strlen(table->name) == length &&
            memcmp(table->name, name, length) == 0) {
            return table;
        }
    }
    return NULL;
}

const struct mc_option *mc_options_find(const struct mc_option *table, const char *name)
{
    return find_name(table, name, strlen(name));
}

static const struct mc_option *find_letter(const struct mc_option *table, char letter)
{
    for (; table->name != NULL; table++) {
        if (table->letter == letter && table->place == MC_OPTION_NAMED) {
            return table;
        }
    }
    return NULL;
}

static bool unknown_name(const struct mc_options *scopes, int count, const char *dashes,
                         const char *name, struct mc_error *err)
{
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, name);
    for (int i = 0; i < count; i++) {
        for (const struct mc_option *row = scopes[i].table; row->name != NULL; row++) {
            if (row->place == MC_OPTION_NAMED) {
                mc_suggestion_consider(&suggestion, row->name);
            }
        }
    }
    const bool near = suggestion.best != NULL;
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown option '%s%.40s'%s%s%s%s", dashes, name,
                        near ? "; did you mean '" : "", near ? dashes : "",
                        near ? suggestion.best : "", near ? "'?" : "");
}

bool mc_options_know(const struct mc_options *scopes, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (mc_options_find(scopes[i].table, name) != NULL) {
            return true;
        }
    }
    return false;
}

bool mc_options_set(const struct mc_options *scopes, int count, const char *name, const char *value,
                    struct mc_error *err)
{
    for (int i = 0; i < count; i++) {
        const struct mc_option *option = mc_options_find(scopes[i].table, name);
        if (option != NULL) {
            return set_option(option, "", scopes[i].target, value, err);
        }
    }
    return unknown_name(scopes, count, "", name, err);
}

// ---- Command lines

// What every command line takes besides its tables.
static const struct mc_option builtin_rows[] = {
    { "help", 'h', .help = "print this help and exit" },
    { "version", 'V', .help = "print the version and exit" },
    { 0 },
};

enum { ROWS_MAX = 64 };

struct parser {
    const struct mc_options *scopes;
    int scope_count;
    int argc;
    char *const *argv;
    int next;             // index of the word to be read
    int argument_index;   // row of the first table where the next argument is looked for
    bool given[ROWS_MAX]; // rows of the first table
    struct mc_error *err;
};

static enum mc_options_result builtin_result(const struct mc_option *row)
{
    return row == &builtin_rows[0] ? MC_OPTIONS_HELP : MC_OPTIONS_VERSION;
}

static bool store(struct parser *parser, int scope, const struct mc_option *option,
                  const char *value)
{
    if (scope == 0) {
        const ptrdiff_t row = option - parser->scopes[0].table;
        assert(row < ROWS_MAX);
        parser->given[row] = true;
    }
    return set_option(option, option->place == MC_OPTION_NAMED ? "--" : "",
                      parser->scopes[scope].target, value, parser->err);
}

// The words after the first value of an option that takes many.
static bool store_following(struct parser *parser, int scope, const struct mc_option *option)
{
    while (option->many && parser->next < parser->argc && parser->argv[parser->next][0] != '-') {
        if (!store(parser, scope, option, parser->argv[parser->next++])) {
            return false;
        }
    }
    return true;
}

// Takes the value of an option: attached (after = or the letter), else the next word.
static enum mc_options_result take_option(struct parser *parser, int scope,
                                          const struct mc_option *option, const char *attached)
{
    const char *value = attached;
    if (option->value == NULL) {
        if (attached != NULL) {
            mc_error_set(parser->err, MC_ERROR_ARGUMENT, 0, "--%s takes no value", option->name);
            return MC_OPTIONS_USAGE;
        }
        value = "yes";
    } else if (attached == NULL) {
        if (parser->next == parser->argc) {
            mc_error_set(parser->err, MC_ERROR_ARGUMENT, 0, "--%s requires a value, %s",
                         option->name, option->value);
            return MC_OPTIONS_USAGE;
        }
        value = parser->argv[parser->next++];
    }
    const bool good = store(parser, scope, option, value) && store_following(parser, scope, option);
    return good ? MC_OPTIONS_RUN : MC_OPTIONS_USAGE;
}

// word follows "--".
static enum mc_options_result take_long(struct parser *parser, const char *word)
{
    const size_t length = strcspn(word, "=");
    const char *attached = word[length] == '=' ? word + length + 1 : NULL;
    for (int i = 0; i < parser->scope_count; i++) {
        const struct mc_option *option = find_name(parser->scopes[i].table, word, length);
        if (option != NULL) {
            return take_option(parser, i, option, attached);
        }
    }
    const struct mc_option *builtin = find_name(builtin_rows, word, length);
    if (builtin != NULL && attached == NULL) {
        return builtin_result(builtin);
    }
    char name[LABEL_BYTES];
    snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : LABEL_BYTES, word);
    unknown_name(parser->scopes, parser->scope_count, "--", name, parser->err);
    return MC_OPTIONS_USAGE;
}

// letters follow "-": options without a value, then perhaps one with its value.
static enum mc_options_result take_letters(struct parser *parser, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        const struct mc_option *option = NULL;
        int scope = 0;
        for (; scope < parser->scope_count && option == NULL; scope++) {
            option = find_letter(parser->scopes[scope].table, *letters);
        }
        if (option == NULL) {
            const struct mc_option *builtin = find_letter(builtin_rows, *letters);
            if (builtin != NULL) {
                return builtin_result(builtin);
            }
            mc_error_set(parser->err, MC_ERROR_ARGUMENT, 0, "unknown option '-%c'", *letters);
            return MC_OPTIONS_USAGE;
        }
        const bool takes_rest = option->value != NULL && letters[1] != '\0';
        const enum mc_options_result result =
            take_option(parser, scope - 1, option, takes_rest ? letters + 1 : NULL);
        if (result != MC_OPTIONS_RUN || option->value != NULL) {
            return result;
        }
    }
    return MC_OPTIONS_RUN;
}

static bool take_argument(struct parser *parser, const char *word)
{
    const struct mc_option *table = parser->scopes[0].table;
    for (; table[parser->argument_index].name != NULL; parser->argument_index++) {
        const struct mc_option *row = &table[parser->argument_index];
        if (row->place == MC_OPTION_ARGUMENT) {
            parser->argument_index += !row->many;
            return store(parser, 0, row, word);
        }
    }
    return mc_error_set(parser->err, MC_ERROR_ARGUMENT, 0, "unexpected argument '%.40s'", word);
}

static enum mc_options_result take_words(struct parser *parser, int *used)
{
    bool only_arguments = false;
    while (parser->next < parser->argc) {
        const char *word = parser->argv[parser->next];
        const bool is_option = !only_arguments && word[0] == '-' && word[1] != '\0';
        if (!is_option && used != NULL) {
            break;
        }
        parser->next++;
        enum mc_options_result result = MC_OPTIONS_RUN;
        if (!is_option) {
            result = take_argument(parser, word) ? MC_OPTIONS_RUN : MC_OPTIONS_USAGE;
        } else if (strcmp(word, "--") == 0) {
            only_arguments = true;
        } else {
            result = word[1] == '-' ? take_long(parser, word + 2) : take_letters(parser, word + 1);
        }
        if (result != MC_OPTIONS_RUN) {
            return result;
        }
    }
    return MC_OPTIONS_RUN;
}

static bool check_required(const struct parser *parser)
{
    const struct mc_option *table = parser->scopes[0].table;
    for (int i = 0; table[i].name != NULL; i++) {
        if (table[i].required && !parser->given[i]) {
            const bool named = table[i].place == MC_OPTION_NAMED;
            return mc_error_set(parser->err, MC_ERROR_ARGUMENT, 0, "missing %s%s",
                                named ? "option --" : "argument ", table[i].name);
        }
    }
    return true;
}

enum mc_options_result mc_options_parse(const struct mc_options *scopes, int count, int argc,
                                        char *const *argv, int *used, struct mc_error *err)
{
    struct parser parser = {
        .scopes = scopes, .scope_count = count, .argc = argc, .argv = argv, .next = 1, .err = err
    };
    const enum mc_options_result result = take_words(&parser, used);
    if (result == MC_OPTIONS_RUN && !check_required(&parser)) {
        return MC_OPTIONS_USAGE;
    }
    if (used != NULL) {
        *used = parser.next;
    }
    return result;
}

// ---- Help

enum {
    LINE_COLUMNS = 80,
    HELP_COLUMN_MAX = 26, // longer names have their help on the next line
};

void mc_options_write_usage(const struct mc_option *table, FILE *out)
{
    fputs(" [options]", out);
    for (const struct mc_option *row = table; row->name != NULL; row++) {
        const char *dashes = row->place == MC_OPTION_NAMED ? "--" : "";
        const bool has_value = row->place == MC_OPTION_NAMED && row->value != NULL;
        if (row->place == MC_OPTION_NAMED && !row->required) {
            continue;
        }
        fprintf(out, row->required ? " %s%s%s%s%s" : " [%s%s%s%s%s]", dashes, row->name,
                has_value ? " " : "", has_value ? row->value : "", row->many ? "..." : "");
    }
}

void mc_options_write_wrapped(const char *text, int column, FILE *out)
{
    int at = column;
    while (*text != '\0') {
        const int length = (int)strcspn(text, " ");
        if (at > column && at + 1 + length > LINE_COLUMNS) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        }
        const int space = at > column;
        fprintf(out, "%s%.*s", space ? " " : "", length, text);
        at += space + length;
        text += length + (text[length] == ' ');
    }
    fputc('\n', out);
}

// "  -n, --count N"; returns its length.
static int write_label(const struct mc_option *row, char *text, size_t size)
{
    if (row->place == MC_OPTION_ARGUMENT) {
        return snprintf(text, size, "  %s", row->name);
    }
    char letter[] = "    ";
    if (row->letter != '\0') {
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    }
    return snprintf(text, size, "  %s--%s%s%s%s", letter, row->name, row->value != NULL ? " " : "",
                    row->value != NULL ? row->value : "", row->many ? "..." : "");
}

static int help_column(const struct mc_option *table, enum mc_option_place place, int column)
{
    for (; table->name != NULL; table++) {
        char label[LINE_COLUMNS];
        const int length = write_label(table, label, sizeof label) + 2;
        if (table->place == place && length > column && length <= HELP_COLUMN_MAX) {
            column = length;
        }
    }
    return column;
}

static void write_rows(const struct mc_option *table, enum mc_option_place place, int column,
                       FILE *out)
{
    for (; table->name != NULL; table++) {
        char label[LINE_COLUMNS];
        if (table->place != place) {
            continue;
        }
        const int length = write_label(table, label, sizeof label);
        fputs(label, out);
        if (length + 2 > column) {
            fprintf(out, "\n%*s", column, "");
        } else {
            fprintf(out, "%*s", column - length, "");
        }
        mc_options_write_wrapped(table->help, column, out);
    }
}

void mc_options_write_help(const struct mc_option *table, enum mc_option_place place, bool builtins,
                           FILE *out)
{
    int column = help_column(table, place, 0);
    if (builtins) {
        column = help_column(builtin_rows, place, column);
    }
    write_rows(table, place, column, out);
    if (builtins) {
        write_rows(builtin_rows, place, column, out);
    }
}
