#include "base/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN "'%.40s'" // of a wrong value: enough to recognise it

bool mc_value_integer(const char *name, const char *text, int64_t least, int64_t most,
                      int64_t *value, struct mc_error *err)
{
    size_t sign = text[0] == '-' || text[0] == '+';
    size_t digits = strspn(text + sign, "0123456789");
    errno = 0;
    int64_t parsed = strtoll(text, NULL, 10);
    if (digits == 0 || text[sign + digits] != '\0' || errno != 0 || parsed < least ||
        parsed > most) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be a whole number from %" PRId64 " to %" PRId64 ", got " SHOWN,
                            name, least, most, text);
    }
    *value = parsed;
    return true;
}

bool mc_value_int(const char *name, const char *text, int least, int most, int *value,
                  struct mc_error *err)
{
    int64_t parsed = 0; // gcc does not know that mc_error_set returns false
    if (!mc_value_integer(name, text, least, most, &parsed, err)) {
        return false;
    }
    *value = (int)parsed;
    return true;
}

// Reads the number of length bytes at text. strtod alone would take blanks, 0x1p3, inf and nan.
static bool read_real(const char *text, size_t length, double least, double most, double *value)
{
    char *end;
    if (length == 0 || strspn(text, "0123456789+-.eE") < length) {
        return false;
    }
    double parsed = strtod(text, &end);
    *value = parsed;
    return end == text + length && isfinite(parsed) && parsed >= least && parsed <= most;
}

bool mc_value_real(const char *name, const char *text, double least, double most, double *value,
                   struct mc_error *err)
{
    double parsed;
    if (!read_real(text, strlen(text), least, most, &parsed)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be a number from %g to %g, got " SHOWN, name, least, most,
                            text);
    }
    *value = parsed;
    return true;
}

bool mc_value_reals(const char *name, const char *text, double least, double most, double *values,
                    int count, struct mc_error *err)
{
    const char *at = text;
    for (int i = 0; i < count; i++) {
        size_t length = strcspn(at, ",");
        bool last = i == count - 1;
        if (!read_real(at, length, least, most, &values[i]) || (at[length] == '\0') != last) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "%s must be %d numbers from %g to %g with commas between them, "
                                "got " SHOWN,
                                name, count, least, most, text);
        }
        at += length + 1;
    }
    return true;
}

bool mc_value_boolean(const char *name, const char *text, bool *value, struct mc_error *err)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return true;
        }
    }
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be yes or no, got " SHOWN, name, text);
}

// "a, b or c"
static void list_words(const char *const *words, int count, char *list, size_t size)
{
    size_t length = 0;
    list[0] = '\0';
    for (int i = 0; i < count && length < size; i++) {
        const char *separator = i == 0 ? "" : i == count - 1 ? " or " : ", ";
        length += (size_t)snprintf(list + length, size - length, "%s%s", separator, words[i]);
    }
}

bool mc_value_choice(const char *name, const char *text, const char *const *words, int count,
                     int *index, struct mc_error *err)
{
    for (int i = 0; i < count; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    char list[128];
    list_words(words, count, list, sizeof list);
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be %s, got " SHOWN, name, list, text);
}

bool mc_value_text(const char *name, const char *text, char *value, size_t size,
                   struct mc_error *err)
{
    size_t length = strlen(text);
    if (length == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must not be empty", name);
    }
    if (length >= size) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be 1 to %zu bytes, got %zu", name,
                            size - 1, length);
    }
    memcpy(value, text, length + 1);
    return true;
}
