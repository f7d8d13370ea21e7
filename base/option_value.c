#include "base/option_value.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char *mc_option_shown(const char *text, char buffer[MC_OPTION_SHOWN_BYTES])
{
    int i = 0;
    for (; text[i] != '\0' && i < MC_OPTION_SHOWN_BYTES - 1; i++) {
        unsigned char c = (unsigned char)text[i];
        buffer[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    buffer[i] = '\0';
    return buffer;
}

static bool set_bool(const struct mc_option *option, void *field, const char *value,
                     struct mc_error *err)
{
    const bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        char text[MC_OPTION_SHOWN_BYTES];
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must be yes or no, got '%s'",
                            mc_option_shown(value, text));
    }
    if (option->size == sizeof(bool)) {
        *(bool *)field = yes;
    } else {
        assert(option->size == sizeof(int));
        *(int *)field = yes;
    }
    return true;
}

static bool bounds_error(const struct mc_option *option, const char *what, const char *value,
                         struct mc_error *err)
{
    char text[MC_OPTION_SHOWN_BYTES];
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must be %sbetween %.10g and %.10g, got '%s'",
                        what, option->min, option->max, mc_option_shown(value, text));
}

static bool set_int(const struct mc_option *option, void *field, const char *value,
                    struct mc_error *err)
{
    assert(option->min <= option->max);
    const char *digits = value + (value[0] == '-');
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno != 0 ||
        (double)number < option->min || (double)number > option->max) {
        return bounds_error(option, "a whole number ", value, err);
    }
    if (option->size == sizeof(int64_t)) {
        *(int64_t *)field = number;
    } else {
        assert(option->size == sizeof(int) && option->min >= INT_MIN && option->max <= INT_MAX);
        *(int *)field = (int)number;
    }
    return true;
}

static bool set_double(const struct mc_option *option, void *field, const char *value,
                       struct mc_error *err)
{
    assert(option->min <= option->max);
    char *end;
    const double number = strtod(value, &end);
    // strtod also reads blanks, hexadecimal, inf and nan.
    if (value[0] == '\0' || value[0] == '+' || value[strspn(value, "0123456789+-.eE")] != '\0' ||
        *end != '\0' || !(number >= option->min && number <= option->max)) {
        return bounds_error(option, "", value, err);
    }
    if (option->size == sizeof(double)) {
        *(double *)field = number;
    } else {
        assert(option->size == sizeof(float));
        *(float *)field = (float)number;
    }
    return true;
}

// The value is not shown: it may be a password.
static bool check_length(const struct mc_option *option, size_t most, const char *value,
                         struct mc_error *err)
{
    const size_t length = strlen(value);
    if (length >= (size_t)option->min && length <= most) {
        return true;
    }
    return length == 0 ? mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must not be empty")
                       : mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                      "must be between %.0f and %zu bytes long, got %zu",
                                      option->min, most, length);
}

static bool set_string(const struct mc_option *option, void *field, const char *value,
                       struct mc_error *err)
{
    if (!check_length(option, option->size - 1, value, err)) {
        return false;
    }
    memcpy(field, value, strlen(value) + 1);
    return true;
}

static bool set_text(const struct mc_option *option, void *field, const char *value,
                     struct mc_error *err)
{
    assert(option->size == sizeof value);
    if (!check_length(option, SIZE_MAX, value, err)) {
        return false;
    }
    *(const char **)field = value;
    return true;
}

// "json, table or csv"
static void join_names(const char *const *names, char *text, size_t size)
{
    size_t length = 0;
    for (int i = 0; names[i] != NULL && length < size; i++) {
        const char *before = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
        length += (size_t)snprintf(text + length, size - length, "%s%s", before, names[i]);
    }
}

static bool set_enum(const struct mc_option *option, void *field, const char *value,
                     struct mc_error *err)
{
    assert(option->size == sizeof(int));
    for (int i = 0; option->names[i] != NULL; i++) {
        if (strcmp(option->names[i], value) == 0) {
            *(int *)field = i;
            return true;
        }
    }
    char names[160], text[MC_OPTION_SHOWN_BYTES];
    join_names(option->names, names, sizeof names);
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must be %s, got '%s'", names,
                        mc_option_shown(value, text));
}

bool mc_option_store(const struct mc_option *option, void *field, const char *value,
                     struct mc_error *err)
{
    switch (option->kind) {
    case MC_OPTION_BOOL:
        return set_bool(option, field, value, err);
    case MC_OPTION_INT:
        return set_int(option, field, value, err);
    case MC_OPTION_DOUBLE:
        return set_double(option, field, value, err);
    case MC_OPTION_STRING:
        return set_string(option, field, value, err);
    case MC_OPTION_TEXT:
        return set_text(option, field, value, err);
    case MC_OPTION_ENUM:
        return set_enum(option, field, value, err);
    case MC_OPTION_CALL:
        return option->set(field, value, err);
    }
    assert(false);
    return false;
}
