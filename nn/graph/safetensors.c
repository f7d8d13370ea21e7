// nn_weights_load and nn_weights_parse: the safetensors format.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/memory.h"
#include "nn/graph/weight_store.h"
#include "nn/graph/weights.h"

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
} dtypes[] = { { "F32", 4 }, { "F16", 2 }, { "BF16", 2 }, { "I8", 1 } };

enum { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_I8, DTYPE_COUNT };

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
    float sign = half & 0x8000 ? -1.0f : 1.0f;
    int exponent = (int)(half >> 10 & 31);
    float fraction = (float)(half & 0x3ff);
    if (exponent == 31) {
        return fraction == 0 ? sign * INFINITY : NAN;
    }
    if (exponent == 0) {
        return sign * ldexpf(fraction, -24);
    }
    return sign * ldexpf(1024.0f + fraction, exponent - 25);
}

static float read_number(const uint8_t *bytes, int dtype)
{
    switch (dtype) {
    case DTYPE_F16:
        return float_from_half((uint32_t)read_le(bytes, 2));
    case DTYPE_BF16:
        return float_from_bits((uint32_t)read_le(bytes, 2) << 16);
    case DTYPE_I8:
        return (float)(int8_t)*bytes;
    default:
        return float_from_bits((uint32_t)read_le(bytes, 4));
    }
}

static bool parse_shape(struct nn_weight_entry *entry, const json_t *shape, struct mc_error *err)
{
    const char *name = entry->weight.name;
    if (!json_is_array(shape) || json_array_size(shape) > NN_WEIGHT_DIMS_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: shape wants at most %d numbers", name,
                            NN_WEIGHT_DIMS_MAX);
    }
    int dims[NN_WEIGHT_DIMS_MAX];
    int rank = (int)json_array_size(shape);
    for (int i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(shape, (size_t)i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 1 ||
            json_integer_value(dim) > DIM_MAX) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: shape wants numbers of 1 to %d", name,
                                DIM_MAX);
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
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: data_offsets wants two numbers", name);
    }
    json_int_t from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > data_size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: bytes %" PRId64 " to %" PRId64 " are not within the %zu there are",
                            name, (int64_t)from, (int64_t)to, data_size);
    }
    entry->begin = (size_t)from;
    entry->end = (size_t)to;
    if (entry->end - entry->begin != entry->weight.count * element_bytes) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: its shape wants %zu bytes, has %zu", name,
                            entry->weight.count * element_bytes, entry->end - entry->begin);
    }
    return true;
}

static bool parse_numbers(struct nn_weight_entry *entry, const uint8_t *data, struct mc_error *err)
{
    struct nn_weight *weight = &entry->weight;
    weight->data = mc_memory_alloc(weight->count * sizeof *weight->data);
    if (weight->data == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: no memory for %zu numbers", weight->name,
                            weight->count);
    }
    const uint8_t *bytes = data + entry->begin;
    for (size_t i = 0; i < weight->count; i++) {
        weight->data[i] = read_number(bytes + i * dtypes[entry->dtype].bytes, entry->dtype);
        if (!isfinite(weight->data[i])) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: number %zu is %f, wants finite ones",
                                weight->name, i, (double)weight->data[i]);
        }
    }
    return true;
}

// All but the numbers, whose memory is spent once all tensors are known to be sound.
static bool parse_tensor(struct nn_weights *weights, const char *name, const json_t *value,
                         size_t data_size, struct mc_error *err)
{
    if (strlen(name) >= NN_WEIGHT_NAME_BYTES) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "a tensor's name is longer than %d bytes",
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
                            "%s: dtype wants F32, F16, BF16 or I8, has '%.16s'", name,
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

// The ranges must cover the data exactly: no gap, no overlap, nothing behind.
static bool check_cover(struct nn_weights *weights, size_t data_size, struct mc_error *err)
{
    if (weights->count > 0) {
        qsort(weights->entries, weights->count, sizeof *weights->entries, compare_begin);
    }
    size_t end = 0;
    for (size_t i = 0; i < weights->count; i++) {
        const struct nn_weight_entry *entry = weights->entries[i];
        if (entry->begin != end) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: its bytes begin at %zu, wants %zu",
                                entry->weight.name, entry->begin, end);
        }
        end = entry->end;
    }
    if (end != data_size) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "the tensors end at byte %zu of %zu", end,
                            data_size);
    }
    return true;
}

static int find_index(const struct nn_weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->count; i++) {
        if (strcmp(weights->entries[i]->weight.name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

// Multiplies an I8 tensor by its scale, which then is used up.
static bool apply_scale(struct nn_weights *weights, struct nn_weight *weight, struct mc_error *err)
{
    char name[NN_WEIGHT_NAME_BYTES + 8];
    snprintf(name, sizeof name, "%s.scale", weight->name);
    int index = find_index(weights, name);
    struct nn_weight_entry *scale = index < 0 ? NULL : weights->entries[index];
    if (scale == NULL || scale->dtype == DTYPE_I8 ||
        scale->weight.count != (size_t)weight->dims[0]) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: is I8, wants %d numbers in %s",
                            weight->name, weight->dims[0], name);
    }
    size_t each = weight->count / (size_t)weight->dims[0];
    for (size_t i = 0; i < weight->count; i++) {
        weight->data[i] *= scale->weight.data[i / each];
    }
    mc_memory_free(scale->weight.data);
    free(scale);
    weights->entries[index] = weights->entries[--weights->count];
    return true;
}

static bool apply_scales(struct nn_weights *weights, struct mc_error *err)
{
    for (size_t i = 0; i < weights->count; i++) {
        struct nn_weight_entry *entry = weights->entries[i];
        if (entry->dtype == DTYPE_I8) {
            if (!apply_scale(weights, &entry->weight, err)) {
                return false;
            }
            entry->dtype = DTYPE_F32;
            i = (size_t)-1; // the order has changed: begin again
        }
    }
    return true;
}

static bool parse_metadata(struct nn_weights *weights, json_t *value, struct mc_error *err)
{
    const char *key;
    json_t *text;
    if (!json_is_object(value)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "__metadata__ wants an object");
    }
    json_object_foreach(value, key, text)
    {
        if (!json_is_string(text)) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "__metadata__: '%.40s' wants a string",
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
                            "the header wants a JSON object of at most %d tensors", TENSORS_MAX);
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
    return check_cover(weights, data_size, err) && parse_all_numbers(weights, data, err) &&
           apply_scales(weights, err);
}

struct nn_weights *nn_weights_parse(const uint8_t *bytes, size_t size, struct mc_error *err)
{
    if (size < LENGTH_BYTES) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "wants at least %d bytes, has %zu", LENGTH_BYTES,
                     size);
        return NULL;
    }
    uint64_t header_size = read_le(bytes, LENGTH_BYTES);
    if (header_size > HEADER_BYTES_MAX || header_size > size - LENGTH_BYTES) {
        mc_error_set(err, MC_ERROR_FORMAT, 0,
                     "header of %" PRIu64
                     " bytes: wants at most %d and no more than the file's %zu",
                     header_size, HEADER_BYTES_MAX, size - LENGTH_BYTES);
        return NULL;
    }
    json_error_t where;
    json_t *header = json_loadb((const char *)bytes + LENGTH_BYTES, (size_t)header_size,
                                JSON_REJECT_DUPLICATES, &where);
    if (header == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "header is not JSON: %s at byte %d", where.text,
                     where.position);
        return NULL;
    }
    struct nn_weights *weights = calloc(1, sizeof *weights);
    const uint8_t *data = bytes + LENGTH_BYTES + header_size;
    bool good = weights == NULL ? mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the weights")
                                : parse_header(weights, header, data,
                                               size - LENGTH_BYTES - (size_t)header_size, err);
    json_decref(header);
    if (!good) {
        nn_weights_destroy(weights);
        return NULL;
    }
    return weights;
}

static bool read_whole(int file, uint8_t *bytes, size_t size, struct mc_error *err)
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
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "ends at byte %zu of %zu", done, size);
        }
        done += (size_t)got;
    }
    return true;
}

static struct nn_weights *load_open(int file, struct mc_error *err)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        mc_error_set_errno(err, "stat");
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_BYTES_MAX) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "wants a regular file of at most %" PRId64 " bytes",
                     FILE_BYTES_MAX);
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *bytes = malloc(size == 0 ? 1 : size);
    struct nn_weights *weights = NULL;
    if (bytes == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for %zu bytes", size);
    } else if (read_whole(file, bytes, size, err)) {
        weights = nn_weights_parse(bytes, size, err);
    }
    free(bytes);
    return weights;
}

struct nn_weights *nn_weights_load(const char *path, struct mc_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        mc_error_set_errno(err, "%s", path);
        return NULL;
    }
    struct nn_weights *weights = load_open(file, err);
    close(file);
    if (weights == NULL) {
        mc_error_wrap(err, "%s", path);
    }
    return weights;
}
