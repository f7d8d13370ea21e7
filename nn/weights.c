#include "nn/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/memory.h"

enum {
    LENGTH_BYTES = 8,
    HEADER_BYTES_MAX = 16 << 20,
    TENSORS_MAX = 1 << 16,
    DIM_MAX = 1 << 24,
};
#define FILE_BYTES_MAX (INT64_C(1) << 30)

struct entry {
    struct nn_weight weight;
    size_t begin, end; // bytes, from the start of the data
    bool used;
};

struct nn_weights {
    struct entry **entries; // each on its own, since lent pointers must not move
    size_t count, capacity;
    json_t *metadata; // an object of strings, or NULL
    bool random;
    uint32_t seed;
};

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
    default:
        return float_from_bits((uint32_t)read_le(bytes, 4));
    }
}

static struct entry *entry_add(struct nn_weights *weights, const char *name, struct mc_error *err)
{
    if (weights->count == weights->capacity) {
        size_t capacity = weights->capacity == 0 ? 64 : weights->capacity * 2;
        struct entry **entries = realloc(weights->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the weights");
            return NULL;
        }
        weights->entries = entries;
        weights->capacity = capacity;
    }
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the weights");
        return NULL;
    }
    snprintf(entry->weight.name, sizeof entry->weight.name, "%s", name);
    weights->entries[weights->count++] = entry;
    return entry;
}

static bool entry_set_shape(struct entry *entry, const int *dims, int rank, struct mc_error *err)
{
    struct nn_weight *weight = &entry->weight;
    weight->rank = rank;
    weight->count = 1;
    for (int i = 0; i < NN_WEIGHT_DIMS_MAX; i++) {
        weight->dims[i] = i < rank ? dims[i] : 1;
        weight->count *= (size_t)weight->dims[i];
        if (weight->count > (size_t)FILE_BYTES_MAX) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: shape is too large", weight->name);
        }
    }
    return true;
}

static bool parse_shape(struct entry *entry, const json_t *shape, struct mc_error *err)
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
    return entry_set_shape(entry, dims, rank, err);
}

static bool parse_range(struct entry *entry, const json_t *range, size_t element_bytes,
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

static bool parse_numbers(struct entry *entry, const uint8_t *data, int dtype, struct mc_error *err)
{
    struct nn_weight *weight = &entry->weight;
    weight->data = mc_memory_alloc(weight->count * sizeof *weight->data);
    if (weight->data == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: no memory for %zu numbers", weight->name,
                            weight->count);
    }
    const uint8_t *bytes = data + entry->begin;
    for (size_t i = 0; i < weight->count; i++) {
        weight->data[i] = read_number(bytes + i * dtypes[dtype].bytes, dtype);
        if (!isfinite(weight->data[i])) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: number %zu is %f, wants finite ones",
                                weight->name, i, (double)weight->data[i]);
        }
    }
    return true;
}

static bool parse_tensor(struct nn_weights *weights, const char *name, const json_t *value,
                         const uint8_t *data, size_t data_size, struct mc_error *err)
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
                            "%s: dtype wants F32, F16 or BF16, has '%.16s'", name,
                            dtype_name == NULL ? "" : dtype_name);
    }
    struct entry *entry = entry_add(weights, name, err);
    return entry != NULL && parse_shape(entry, json_object_get(value, "shape"), err) &&
           parse_range(entry, json_object_get(value, "data_offsets"), dtypes[dtype].bytes,
                       data_size, err) &&
           parse_numbers(entry, data, dtype, err);
}

static int compare_begin(const void *a, const void *b)
{
    const struct entry *left = *(struct entry *const *)a, *right = *(struct entry *const *)b;
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
        const struct entry *entry = weights->entries[i];
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
                        : parse_tensor(weights, name, value, data, data_size, err);
        if (!good) {
            return false;
        }
    }
    return check_cover(weights, data_size, err);
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

struct nn_weights *nn_weights_create_random(uint32_t seed, struct mc_error *err)
{
    struct nn_weights *weights = calloc(1, sizeof *weights);
    if (weights == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the weights");
        return NULL;
    }
    weights->random = true;
    weights->seed = seed;
    return weights;
}

void nn_weights_destroy(struct nn_weights *weights)
{
    if (weights == NULL) {
        return;
    }
    for (size_t i = 0; i < weights->count; i++) {
        mc_memory_free(weights->entries[i]->weight.data);
        free(weights->entries[i]);
    }
    free(weights->entries);
    json_decref(weights->metadata);
    free(weights);
}

static struct entry *find(const struct nn_weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->count; i++) {
        if (strcmp(weights->entries[i]->weight.name, name) == 0) {
            return weights->entries[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

// Noise of about unit variance from a linear congruential generator (Knuth's
// MMIX constants): the sum of four uniform numbers.
static float noise(uint64_t *state)
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (float)(*state >> 40) / (float)(1 << 24) - 0.5f;
    }
    return sum * 1.7320508f;
}

static struct entry *invent(struct nn_weights *weights, const char *name, const int *dims, int rank,
                            struct mc_error *err)
{
    struct entry *entry = entry_add(weights, name, err);
    if (entry == NULL || !entry_set_shape(entry, dims, rank, err)) {
        return NULL;
    }
    struct nn_weight *weight = &entry->weight;
    weight->data = mc_memory_alloc(weight->count * sizeof *weight->data);
    if (weight->data == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: no memory", name);
        return NULL;
    }
    uint64_t state = weights->seed;
    for (const char *c = name; *c != '\0'; c++) {
        state = state * 31 + (unsigned char)*c;
    }
    // A filter keeps the variance of what comes through a ReLU (He et al. 2015);
    // the scale and variance of a batch norm stay near one, the rest near zero.
    bool is_filter = rank == 4;
    bool near_one = ends_with(name, "running_var") || ends_with(name, ".weight");
    float fan_in = (float)weight->count / (float)dims[0];
    for (size_t i = 0; i < weight->count; i++) {
        float value = noise(&state);
        weight->data[i] = is_filter  ? value * sqrtf(2.0f / fan_in)
                          : near_one ? 1.0f + 0.1f * fmaxf(-4.0f, fminf(4.0f, value))
                                     : 0.1f * value;
    }
    return entry;
}

static void write_shape(char *text, size_t size, const int *dims, int rank)
{
    size_t length = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < rank && length < size; i++) {
        length += (size_t)snprintf(text + length, size - length, i == 0 ? "%d" : ",%d", dims[i]);
    }
    if (length < size) {
        snprintf(text + length, size - length, "]");
    }
}

const struct nn_weight *nn_weights_get(struct nn_weights *weights, const char *name,
                                       const int *dims, int rank, struct mc_error *err)
{
    struct entry *entry = find(weights, name);
    if (entry == NULL && weights->random) {
        entry = invent(weights, name, dims, rank, err);
        if (entry == NULL) {
            return NULL;
        }
    }
    char wanted[64];
    write_shape(wanted, sizeof wanted, dims, rank);
    if (entry == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "has no tensor %s, wants one of %s", name, wanted);
        return NULL;
    }
    const struct nn_weight *weight = &entry->weight;
    if (weight->rank != rank || memcmp(weight->dims, dims, (size_t)rank * sizeof *dims) != 0) {
        char found[64];
        write_shape(found, sizeof found, weight->dims, weight->rank);
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: wants shape %s, has %s", name, wanted, found);
        return NULL;
    }
    entry->used = true;
    return weight;
}

const struct nn_weight *nn_weights_find(const struct nn_weights *weights, const char *name)
{
    const struct entry *entry = find(weights, name);
    return entry == NULL ? NULL : &entry->weight;
}

const char *nn_weights_metadata(const struct nn_weights *weights, const char *key)
{
    return json_string_value(json_object_get(weights->metadata, key));
}

const char *nn_weights_unused(const struct nn_weights *weights)
{
    for (size_t i = 0; i < weights->count; i++) {
        if (!weights->entries[i]->used) {
            return weights->entries[i]->weight.name;
        }
    }
    return NULL;
}

size_t nn_weights_parameter_count(const struct nn_weights *weights)
{
    size_t count = 0;
    for (size_t i = 0; i < weights->count; i++) {
        const struct entry *entry = weights->entries[i];
        if (entry->used && !ends_with(entry->weight.name, ".running_mean") &&
            !ends_with(entry->weight.name, ".running_var")) {
            count += entry->weight.count;
        }
    }
    return count;
}

void nn_weights_each_metadata(const struct nn_weights *weights,
                              void (*each)(void *user, const char *key, const char *value),
                              void *user)
{
    const char *key;
    json_t *value;
    json_object_foreach(weights->metadata, key, value)
    {
        each(user, key, json_string_value(value));
    }
}
