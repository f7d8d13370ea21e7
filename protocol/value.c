#include "protocol/value.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "protocol/buffer.h"
#include "protocol/writer.h"

static const char *const incomplete = "not one whole CBOR data item";

// ---- errors

static void describe_json(const json_t *value, char *text, size_t size)
{
    if (json_is_integer(value)) {
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(text, size, "%g", json_real_value(value));
    } else if (json_is_string(value)) {
        snprintf(text, size, "'%.32s'", json_string_value(value));
    } else {
        snprintf(text, size, "%s",
                 json_is_object(value)    ? "a map"
                 : json_is_array(value)   ? "an array"
                 : json_is_boolean(value) ? "a boolean"
                                          : "null");
    }
}

static void describe_cbor(const struct protocol_cbor_item *item, char *text, size_t size)
{
    static const char *const names[] = {
        [PROTOCOL_CBOR_NOTHING] = "nothing",     [PROTOCOL_CBOR_TEXT] = "text",
        [PROTOCOL_CBOR_BYTES] = "a byte string", [PROTOCOL_CBOR_ARRAY] = "an array",
        [PROTOCOL_CBOR_MAP] = "a map",           [PROTOCOL_CBOR_TAG] = "a tagged item",
        [PROTOCOL_CBOR_BOOL] = "a boolean",      [PROTOCOL_CBOR_NULL] = "null",
        [PROTOCOL_CBOR_BREAK] = "a break",
    };
    switch (item->kind) {
    case PROTOCOL_CBOR_UINT:
        snprintf(text, size, "%" PRIu64, item->number);
        break;
    case PROTOCOL_CBOR_NEGINT:
        snprintf(text, size, "%g", -1 - (double)item->number);
        break;
    case PROTOCOL_CBOR_REAL:
        snprintf(text, size, "%g", item->real);
        break;
    default:
        snprintf(text, size, "%s", names[item->kind]);
    }
}

static bool refuse(const char *name, const char *expected, const char *got, struct mc_error *err)
{
    return name == NULL ? mc_error_set(err, MC_ERROR_FORMAT, 0, "must be %s, got %s", expected, got)
                        : mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be %s, got %s", name,
                                       expected, got);
}

static bool refuse_json(const json_t *value, const char *name, const char *expected,
                        struct mc_error *err)
{
    char got[64];
    describe_json(value, got, sizeof got);
    return refuse(name, expected, got, err);
}

static bool refuse_item(const struct protocol_cbor_item *item, const char *name,
                        const char *expected, struct mc_error *err)
{
    char got[64];
    if (item->kind == PROTOCOL_CBOR_NOTHING) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s", incomplete);
    }
    describe_cbor(item, got, sizeof got);
    return refuse(name, expected, got, err);
}

// ---- one value

// The value as an item of CBOR: only a number or a boolean of JSON becomes one.
static struct protocol_cbor_item take_scalar(struct protocol_value value)
{
    const json_t *json = value.json;
    if (json == NULL) {
        return protocol_cbor_next(value.cbor);
    }
    if (json_is_integer(json)) {
        int64_t number = json_integer_value(json);
        return number >= 0 ? (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_UINT,
                                                          .number = (uint64_t)number }
                           : (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_NEGINT,
                                                          .number = (uint64_t)(-1 - number) };
    }
    if (json_is_real(json)) {
        return (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_REAL,
                                            .real = json_real_value(json) };
    }
    if (json_is_boolean(json)) {
        return (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_BOOL,
                                            .number = json_is_true(json) };
    }
    return (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_NOTHING };
}

static bool refuse_scalar(struct protocol_value value, const struct protocol_cbor_item *item,
                          const char *name, const char *expected, struct mc_error *err)
{
    return value.json != NULL ? refuse_json(value.json, name, expected, err)
                              : refuse_item(item, name, expected, err);
}

bool protocol_value_integer(struct protocol_value value, const char *name, int64_t least,
                            int64_t most, int64_t *number, struct mc_error *err)
{
    struct protocol_cbor_item item = take_scalar(value);
    bool is_negative = item.kind == PROTOCOL_CBOR_NEGINT;
    if ((item.kind == PROTOCOL_CBOR_UINT || is_negative) && item.number <= INT64_MAX) {
        *number = is_negative ? -1 - (int64_t)item.number : (int64_t)item.number;
        if (*number >= least && *number <= most) {
            return true;
        }
    }
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, least, most);
    return refuse_scalar(value, &item, name, expected, err);
}

bool protocol_value_number(struct protocol_value value, const char *name, double most,
                           double *number, struct mc_error *err)
{
    struct protocol_cbor_item item = take_scalar(value);
    *number = item.kind == PROTOCOL_CBOR_REAL     ? item.real
              : item.kind == PROTOCOL_CBOR_UINT   ? (double)item.number
              : item.kind == PROTOCOL_CBOR_NEGINT ? -1 - (double)item.number
                                                  : NAN;
    if (fabs(*number) <= most) {
        return true;
    }
    char expected[64];
    snprintf(expected, sizeof expected, "a number of magnitude up to %g", most);
    return refuse_scalar(value, &item, name, expected, err);
}

bool protocol_value_flag(struct protocol_value value, const char *name, bool *flag,
                         struct mc_error *err)
{
    struct protocol_cbor_item item = take_scalar(value);
    *flag = item.kind == PROTOCOL_CBOR_BOOL && item.number == 1;
    return item.kind == PROTOCOL_CBOR_BOOL ||
           refuse_scalar(value, &item, name, "true or false", err);
}

static bool is_utf8(const char *text, size_t length)
{
    for (const char *at = text; at < text + length;) {
        size_t bytes = protocol_buffer_utf8_length(at);
        if (*at == '\0' || bytes == 0) {
            return false;
        }
        at += bytes;
    }
    return true;
}

bool protocol_value_text(struct protocol_value value, const char *name, char *text, size_t size,
                         struct mc_error *err)
{
    const char *bytes = json_string_value(value.json);
    size_t length = json_string_length(value.json);
    struct protocol_cbor_item item = { 0 };
    if (value.json == NULL) {
        item = protocol_cbor_next(value.cbor);
        bytes = item.kind != PROTOCOL_CBOR_TEXT ? NULL
                : item.length > 0               ? (const char *)item.bytes
                                                : "";
        length = item.length;
    }
    if (bytes == NULL) {
        return refuse_scalar(value, &item, name, "text", err);
    }
    // Of an element of an array the caller says where it is.
    const char *colon = name != NULL ? ": " : "";
    name = name != NULL ? name : "";
    if (length >= size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s%smust be at most %zu bytes of text, got %zu", name, colon, size - 1,
                            length);
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
    return is_utf8(text, length) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "%s%smust be UTF-8 without NUL, got other bytes",
                        name, colon);
}

// ---- numbers in rows

static bool floats_from_json(const json_t *array, const char *name, float *numbers, int count,
                             struct mc_error *err)
{
    if (json_array_size(array) != (size_t)count) { // 0 when it is no array
        char expected[64];
        snprintf(expected, sizeof expected, "an array of %d numbers", count);
        return refuse_json(array, name, expected, err);
    }
    for (int i = 0; i < count; i++) {
        const struct protocol_value element = { .json = json_array_get(array, (size_t)i) };
        double number;
        if (!protocol_value_number(element, name, PROTOCOL_NUMBER_MAX, &number, err)) {
            return false;
        }
        numbers[i] = (float)number;
    }
    return true;
}

// A typed array of least to most numbers. Returns how many; -1 and sets err on failure.
static int floats_from_cbor(struct protocol_cbor_reader *reader, const char *name, float *numbers,
                            int least, int most, struct mc_error *err)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    char expected[80];
    snprintf(expected, sizeof expected, "a typed array of %d to %d float32", least, most);
    if (item.kind == PROTOCOL_CBOR_TAG && item.number == PROTOCOL_CBOR_FLOATS) {
        item = protocol_cbor_next(reader);
    }
    const size_t count = item.length / sizeof(float);
    if (item.kind != PROTOCOL_CBOR_BYTES || item.length % sizeof(float) != 0 ||
        count < (size_t)least || count > (size_t)most) {
        refuse_item(&item, name, expected, err);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(&numbers[i], item.bytes + i * sizeof(float), sizeof(float));
        if (!(fabs((double)numbers[i]) <= PROTOCOL_NUMBER_MAX)) {
            const struct protocol_cbor_item number = { .kind = PROTOCOL_CBOR_REAL,
                                                       .real = (double)numbers[i] };
            refuse_item(&number, name, "numbers of magnitude up to 1e12", err);
            return -1;
        }
    }
    return (int)count;
}

bool protocol_value_floats(struct protocol_value value, const char *name, float *numbers, int count,
                           struct mc_error *err)
{
    return value.json != NULL
               ? floats_from_json(value.json, name, numbers, count, err)
               : floats_from_cbor(value.cbor, name, numbers, count, count, err) == count;
}

bool protocol_value_rows(struct protocol_value value, const char *name, float *numbers, int columns,
                         int most, int *count, struct mc_error *err)
{
    if (value.json == NULL) {
        int found = floats_from_cbor(value.cbor, name, numbers, 0, columns * most, err);
        *count = found / columns;
        return found >= 0 && (found % columns == 0 ||
                              mc_error_set(err, MC_ERROR_FORMAT, 0,
                                           "%s: must be rows of %d numbers, got %d numbers", name,
                                           columns, found));
    }
    const size_t rows = json_array_size(value.json);
    if (!json_is_array(value.json) || rows > (size_t)most) {
        char expected[64];
        snprintf(expected, sizeof expected, "an array of at most %d arrays", most);
        return refuse_json(value.json, name, expected, err);
    }
    for (size_t i = 0; i < rows; i++) {
        if (!floats_from_json(json_array_get(value.json, i), name, numbers + i * (size_t)columns,
                              columns, err)) {
            return false;
        }
    }
    *count = (int)rows;
    return true;
}

// ---- arrays

static bool refuse_long(const char *name, int most, struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be at most %d elements, got more", name,
                        most);
}

bool protocol_value_array(struct protocol_value value, const char *name, int most,
                          protocol_value_element_fn *read, void *user, int *count,
                          struct mc_error *err)
{
    *count = 0;
    if (value.json != NULL) {
        if (!json_is_array(value.json)) {
            return refuse_json(value.json, name, "an array", err);
        }
        if (json_array_size(value.json) > (size_t)most) {
            return refuse_long(name, most, err);
        }
        for (; *count < (int)json_array_size(value.json); ++*count) {
            const struct protocol_value element = { json_array_get(value.json, (size_t)*count),
                                                    NULL };
            if (!read(element, *count, user, err)) {
                return mc_error_wrap(err, "%s[%d]", name, *count);
            }
        }
        return true;
    }
    struct protocol_cbor_item array = protocol_cbor_next(value.cbor);
    if (array.kind != PROTOCOL_CBOR_ARRAY) {
        return refuse_item(&array, name, "an array", err);
    }
    for (; protocol_cbor_more(value.cbor, &array); ++*count) {
        if (*count == most) {
            return refuse_long(name, most, err);
        }
        if (!read(value, *count, user, err)) {
            return mc_error_wrap(err, "%s[%d]", name, *count);
        }
    }
    return true;
}

// ---- maps

static bool read_json_map(const json_t *map, const struct protocol_field *fields, int count,
                          void *target, uint64_t *seen, struct mc_error *err)
{
    if (!json_is_object(map)) {
        return refuse_json(map, NULL, "a map", err);
    }
    for (int i = 0; i < count; i++) {
        const struct protocol_value value = { json_object_get(map, fields[i].name), NULL };
        if (value.json == NULL) {
            continue;
        }
        *seen |= UINT64_C(1) << i;
        if (!fields[i].read(value, &fields[i], target, err)) {
            return false;
        }
    }
    return true;
}

// The index of the field with that name, or -1. Fields mostly come in the table's order: the
// search begins at `from`.
static int find_field(const struct protocol_field *fields, int count,
                      const struct protocol_cbor_item *name, int from)
{
    for (int i = 0; i < count; i++) {
        int index = (from + i) % count;
        if (protocol_cbor_text_is(name, fields[index].name)) {
            return index;
        }
    }
    return -1;
}

static bool read_cbor_map(struct protocol_value value, const struct protocol_field *fields,
                          int count, void *target, uint64_t *seen, struct mc_error *err)
{
    struct protocol_cbor_item map = protocol_cbor_next(value.cbor);
    if (map.kind != PROTOCOL_CBOR_MAP) {
        return refuse_item(&map, NULL, "a map", err);
    }
    for (int index, next = 0; protocol_cbor_more(value.cbor, &map);) {
        struct protocol_cbor_item name = protocol_cbor_next(value.cbor);
        if (name.kind != PROTOCOL_CBOR_TEXT) {
            return refuse_item(&name, NULL, "a map with text for keys", err);
        }
        index = find_field(fields, count, &name, next);
        if (index < 0) {
            if (!protocol_cbor_skip(value.cbor)) {
                return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s", incomplete);
            }
            continue;
        }
        if (*seen & UINT64_C(1) << index) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be given once, got it twice",
                                fields[index].name);
        }
        *seen |= UINT64_C(1) << index;
        next = index + 1;
        if (!fields[index].read(value, &fields[index], target, err)) {
            return false;
        }
    }
    return true;
}

bool protocol_value_map(struct protocol_value value, const char *name,
                        const struct protocol_field *fields, int count, void *target,
                        uint64_t *seen, struct mc_error *err)
{
    uint64_t found = 0;
    assert(count <= 64);
    bool ok = value.json != NULL ? read_json_map(value.json, fields, count, target, &found, err)
                                 : read_cbor_map(value, fields, count, target, &found, err);
    for (int i = 0; ok && i < count; i++) {
        if (!fields[i].is_optional && !(found & UINT64_C(1) << i)) {
            ok = mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: is missing", fields[i].name);
        }
    }
    if (seen != NULL) {
        *seen = found;
    }
    return ok || name == NULL ? ok : mc_error_wrap(err, "%s", name);
}
