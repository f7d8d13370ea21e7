#include "protocol/json_value.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "protocol/message.h"

enum { DEPTH_MAX = 16 }; // arrays and objects within each other; a record has 5

static const double NUMBER_BOUND = 1e12; // of coordinates, as the writer bounds them

// The parser below recurses, so nesting is limited before it starts.
static bool nested_too_deep(const char *line, size_t length)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        char c = line[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            }
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

// The object that the line holds; NULL sets err.
json_t *protocol_json_load(const char *line, size_t length, struct mc_error *err)
{
    if (nested_too_deep(line, length)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "nested too deep, at most %d levels are accepted",
                     DEPTH_MAX);
        return NULL;
    }
    json_error_t cause;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &cause);
    if (root == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "not valid JSON at byte %d: %s", cause.position,
                     cause.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "a JSON object is expected");
        json_decref(root);
        return NULL;
    }
    return root;
}

bool protocol_json_wrong(struct mc_error *err, const char *field, const char *expected)
{
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %s is expected", field, expected);
}

bool protocol_json_get_string(const json_t *object, const char *field, char *text, size_t size,
                              struct mc_error *err)
{
    const json_t *value = json_object_get(object, field);
    if (!json_is_string(value)) {
        return protocol_json_wrong(err, field, "a string");
    }
    size_t length = json_string_length(value);
    if (length >= size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %zu bytes, at most %zu are expected",
                            field, length, size - 1);
    }
    memcpy(text, json_string_value(value), length + 1);
    return true;
}

bool protocol_json_get_integer(const json_t *object, const char *field, int64_t minimum,
                               int64_t maximum, int64_t *number, struct mc_error *err)
{
    const json_t *value = json_object_get(object, field);
    if (!json_is_integer(value)) {
        return protocol_json_wrong(err, field, "an integer");
    }
    *number = json_integer_value(value);
    if (*number < minimum || *number > maximum) {
        return protocol_json_wrong(err, field, "another range");
    }
    return true;
}

bool protocol_json_get_int(const json_t *object, const char *field, int *number,
                           struct mc_error *err)
{
    int64_t value = 0;
    bool ok = protocol_json_get_integer(object, field, 0, INT_MAX, &value, err);
    *number = (int)value;
    return ok;
}

bool protocol_json_get_count(const json_t *object, const char *field, uint64_t *number,
                             struct mc_error *err)
{
    int64_t value = 0;
    bool ok = protocol_json_get_integer(object, field, 0, INT64_MAX, &value, err);
    *number = (uint64_t)value;
    return ok;
}

// Numbers from outside are finite: JSON has no others.
static bool to_float(const json_t *value, float *number)
{
    double wide = json_number_value(value);
    *number = fabs(wide) <= NUMBER_BOUND ? (float)wide : 0;
    return json_is_number(value) && fabs(wide) <= NUMBER_BOUND;
}

bool protocol_json_get_float(const json_t *object, const char *field, float *number,
                             struct mc_error *err)
{
    return to_float(json_object_get(object, field), number) ||
           protocol_json_wrong(err, field, "a number that a float holds");
}

bool protocol_json_get_floats(const json_t *array, const char *field, float *numbers, size_t count,
                              struct mc_error *err)
{
    if (json_array_size(array) != count) { // 0 when it is no array
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: an array of %zu numbers is expected",
                            field, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (!to_float(json_array_get(array, i), &numbers[i])) {
            return protocol_json_wrong(err, field, "an array of numbers that a float holds");
        }
    }
    return true;
}

// An array of at most maximum elements.
bool protocol_json_get_array(const json_t *object, const char *field, size_t maximum,
                             const json_t **array, int *count, struct mc_error *err)
{
    *array = json_object_get(object, field);
    if (!json_is_array(*array)) {
        return protocol_json_wrong(err, field, "an array");
    }
    size_t size = json_array_size(*array);
    if (size > maximum) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %zu elements, at most %zu are expected",
                            field, size, maximum);
    }
    *count = (int)size;
    return true;
}

bool protocol_json_get_streams(const json_t *object, char streams[][PROTOCOL_NAME_BYTES],
                               int *count, struct mc_error *err)
{
    const json_t *array;
    if (!protocol_json_get_array(object, "streams", PROTOCOL_STREAMS_MAX, &array, count, err)) {
        return false;
    }
    for (int i = 0; i < *count; i++) {
        const json_t *value = json_array_get(array, (size_t)i);
        size_t length = json_string_length(value);
        if (length == 0 || length >= PROTOCOL_NAME_BYTES) {
            return protocol_json_wrong(err, "streams", "an array of names");
        }
        memcpy(streams[i], json_string_value(value), length + 1);
    }
    return true;
}
