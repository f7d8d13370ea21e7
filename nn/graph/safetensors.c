// Reading safetensors: nn_weights_load and nn_weights_parse.
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/memory.h"
#include "nn/graph/weights.h"
#include "nn/graph/weights_internal.h"

enum {
    LENGTH_BYTES = 8,
    HEADER_BYTES_MAX = 16 << 20,
    TENSORS_MAX = 4096,
    DIM_MAX = 1 << 24,
};
#define FILE_BYTES_MAX (INT64_C(1) << 30)

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = { { "F32", 4 }, { "F16", 2 }, { "BF16", 2 } };

enum { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_COUNT };

static uint64_t read_le(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE 754 binary16 to float: 1 sign bit, 5 of exponent, 10 of fraction.
static float float_from_half(uint32_t half)
{
    const float sign = half & 0x8000 ? -1.0f : 1.0f;
    const uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 31) {
        return fraction == 0 ? sign * INFINITY : NAN;
    }
    if (exponent == 0) {
        return sign * (float)fraction * 0x1p-24f;
    }
    return sign * float_from_bits((exponent + 127 - 15) << 23 | fraction << 13);
}

static float read_number(const uint8_t *bytes, int dtype)
{
    switch (dtype) {
    case DTYPE_F16:
        return float_from_half((uint32_t)read_le(bytes, 2));
    case DTYPE_BF16:
        return float_from_bits((uint32_t)read_le(bytes, 2) << 16);
    default:
        return float_from_bits((uint32_t)read_le(bytes, 4));
    }
}

static bool parse_shape(struct nn_weight_entry *entry, const json_t *shape, struct mc_error *err)
{
    const char *name = entry->weight.name;
    if (!json_is_array(shape) || json_array_size(shape) > NN_WEIGHT_DIMS_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: shape must be at most %d numbers", name,
                            NN_WEIGHT_DIMS_MAX);
    }
    int dims[NN_WEIGHT_DIMS_MAX];
    int rank = (int)json_array_size(shape);
    for (int i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(shape, (size_t)i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 1 ||
            json_integer_value(dim) > DIM_MAX) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: shape must be numbers from 1 to %d",
                                name, DIM_MAX);
        }
        dims[i] = (int)json_integer_value(dim);
    }
    return nn_weight_entry_set_shape(entry, dims, rank, err);
}

static bool parse_range(struct nn_weight_entry *entry, const json_t *range, size_t element_bytes,
                        size_t data_size, struct mc_error *err)
{
    const char *name = entry->weight.name;
    const json_t *begin = json_array_get(range, 0), *end = json_array_get(range, 1);
    if (json_array_size(range) != 2 || !json_is_integer(begin) || !json_is_integer(end)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: data_offsets must be two numbers", name);
    }
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > data_size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: data_offsets must be within the %zu bytes of data, got %" PRId64
                            " to %" PRId64,
                            name, data_size, (int64_t)from, (int64_t)to);
    }
    entry->begin = (size_t)from;
    entry->end = (size_t)to;
    if (entry->end - entry->begin != entry->weight.count * element_bytes) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be %zu bytes by its shape, got %zu",
                            name, entry->weight.count * element_bytes, entry->end - entry->begin);
    }
    return true;
}

static bool parse_numbers(struct nn_weight_entry *entry, const uint8_t *data, struct mc_error *err)
{
    struct nn_weight *weight = &entry->weight;
    weight->data = mc_memory_alloc(weight->count * sizeof *weight->data);
    if (weight->data == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory for %zu numbers",
                            weight->name, weight->count);
    }
    const uint8_t *bytes = data + entry->begin;
    for (size_t i = 0; i < weight->count; i++) {
        weight->data[i] = read_number(bytes + i * dtypes[entry->dtype].bytes, entry->dtype);
        if (!isfinite(weight->data[i])) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: number %zu must be finite, got %f",
                                weight->name, i, (double)weight->data[i]);
        }
    }
    return true;
}

// Parses all but the numbers, for which memory is allocated only once all headers are valid.
static bool parse_tensor(struct nn_weights *weights, const char *name, const json_t *value,
                         size_t data_size, struct mc_error *err)
{
    if (strlen(name) >= NN_WEIGHT_NAME_BYTES) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%.40s…: a tensor's name must be at most %d bytes", name,
                            NN_WEIGHT_NAME_BYTES - 1);
    }
    const char *dtype_name = json_string_value(json_object_get(value, "dtype"));
    int dtype = 0;
    while (dtype < DTYPE_COUNT &&
           (dtype_name == NULL || strcmp(dtype_name, dtypes[dtype].name) != 0)) {
        dtype++;
    }
    if (dtype == DTYPE_COUNT) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: dtype must be F32, F16 or BF16, got '%.16s'", name,
                            dtype_name == NULL ? "" : dtype_name);
    }
    struct nn_weight_entry *entry = nn_weight_entry_add(weights, name, err);
    if (entry == NULL) {
        return false;
    }
    entry->dtype = dtype;
    return parse_shape(entry, json_object_get(value, "shape"), err) &&
           parse_range(entry, json_object_get(value, "data_offsets"), dtypes[dtype].bytes,
                       data_size, err);
}

static bool parse_all_numbers(struct nn_weights *weights, const uint8_t *data, struct mc_error *err)
{
    for (size_t i = 0; i < weights->count; i++) {
        if (!parse_numbers(weights->entries[i], data, err)) {
            return false;
        }
    }
    return true;
}

static int compare_begin(const void *a, const void *b)
{
    const struct nn_weight_entry *left = *(struct nn_weight_entry *const *)a,
                                 *right = *(struct nn_weight_entry *const *)b;
    return (left->begin > right->begin) - (left->begin < right->begin);
}

// The ranges must cover the data exactly, without gaps, overlaps or a remainder.
static bool check_cover(struct nn_weights *weights, size_t data_size, struct mc_error *err)
{
    if (weights->count > 0) {
        qsort(weights->entries, weights->count, sizeof *weights->entries, compare_begin);
    }
    size_t end = 0;
    for (size_t i = 0; i < weights->count; i++) {
        const struct nn_weight_entry *entry = weights->entries[i];
        if (entry->begin != end) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: data must start at byte %zu, got %zu",
                                entry->weight.name, end, entry->begin);
        }
        end = entry->end;
    }
    if (end != data_size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "data must end with the last tensor, at byte %zu, got %zu bytes", end,
                            data_size);
    }
    return true;
}

static bool parse_metadata(struct nn_weights *weights, json_t *value, struct mc_error *err)
{
    const char *key;
    json_t *text;
    if (!json_is_object(value)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "__metadata__: must be an object");
    }
    json_object_foreach(value, key, text)
    {
        if (!json_is_string(text)) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "__metadata__: '%.40s' must be a string",
                                key);
        }
    }
    weights->metadata = json_incref(value);
    return true;
}

static bool parse_header(struct nn_weights *weights, json_t *header, const uint8_t *data,
                         size_t data_size, struct mc_error *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(header) || json_object_size(header) > TENSORS_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "header: must be a JSON object of at most %d tensors", TENSORS_MAX);
    }
    json_object_foreach(header, name, value)
    {
        bool good = strcmp(name, "__metadata__") == 0
                        ? parse_metadata(weights, value, err)
                        : parse_tensor(weights, name, value, data_size, err);
        if (!good) {
            return false;
        }
    }
    return check_cover(weights, data_size, err) && parse_all_numbers(weights, data, err);
}

json_t *nn_safetensors_header(const uint8_t *bytes, size_t size, size_t *data_offset,
                              struct mc_error *err)
{
    if (size < LENGTH_BYTES) {
        mc_error_set(err, MC_ERROR_FORMAT, 0,
                     "not a weight file (*.safetensors): must be at least %d bytes, got %zu",
                     LENGTH_BYTES, size);
        return NULL;
    }
    uint64_t header_size = read_le(bytes, LENGTH_BYTES);
    if (header_size > HEADER_BYTES_MAX || header_size > size - LENGTH_BYTES) {
        mc_error_set(err, MC_ERROR_FORMAT, 0,
                     "not a weight file (*.safetensors): the header must be at most %d bytes and "
                     "within the file's "
                     "%zu, got %" PRIu64,
                     HEADER_BYTES_MAX, size - LENGTH_BYTES, header_size);
        return NULL;
    }
    json_error_t where;
    json_t *header = json_loadb((const char *)bytes + LENGTH_BYTES, (size_t)header_size,
                                JSON_REJECT_DUPLICATES, &where);
    if (header == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "header: must be JSON, got an error at byte %d: %s",
                     where.position, where.text);
    }
    *data_offset = LENGTH_BYTES + (size_t)header_size;
    return header;
}

struct nn_weights *nn_weights_parse(const uint8_t *bytes, size_t size, struct mc_error *err)
{
    size_t data_offset;
    json_t *header = nn_safetensors_header(bytes, size, &data_offset, err);
    if (header == NULL) {
        return NULL;
    }
    struct nn_weights *weights = calloc(1, sizeof *weights);
    bool good = weights == NULL
                    ? mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the weights")
                    : parse_header(weights, header, bytes + data_offset, size - data_offset, err);
    json_decref(header);
    if (!good) {
        nn_weights_destroy(weights);
        return NULL;
    }
    return weights;
}

static bool read_all(int file, uint8_t *bytes, size_t size, struct mc_error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(file, bytes + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return mc_error_set_errno(err, "read");
        }
        if (got == 0) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "shrank while it was read: ends at byte %zu of %zu", done, size);
        }
        done += (size_t)got;
    }
    return true;
}

static uint8_t *read_open(int file, size_t *size, struct mc_error *err)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        mc_error_set_errno(err, "stat");
        return NULL;
    }
    if (status.st_size > FILE_BYTES_MAX) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "must be at most %" PRId64 " bytes, got %" PRId64,
                     FILE_BYTES_MAX, (int64_t)status.st_size);
        return NULL;
    }
    *size = (size_t)status.st_size;
    uint8_t *bytes = malloc(*size == 0 ? 1 : *size);
    if (bytes == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %zu bytes", *size);
    } else if (!read_all(file, bytes, *size, err)) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

uint8_t *nn_safetensors_read(const char *path, size_t *size, struct mc_error *err)
{
    int file = mc_file_open(path, err);
    if (file < 0) {
        return NULL;
    }
    uint8_t *bytes = read_open(file, size, err);
    close(file);
    if (bytes == NULL) {
        mc_error_wrap(err, "%s", path);
    }
    return bytes;
}

struct nn_weights *nn_weights_load(const char *path, struct mc_error *err)
{
    size_t size;
    uint8_t *bytes = nn_safetensors_read(path, &size, err);
    if (bytes == NULL) {
        return NULL;
    }
    struct nn_weights *weights = nn_weights_parse(bytes, size, err);
    free(bytes);
    if (weights == NULL) {
        mc_error_wrap(err, "%s", path);
    }
    return weights;
}
