#include "nn/graph/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/graph/weights_internal.h"

struct nn_weight_entry *nn_weight_entry_add(struct nn_weights *weights, const char *name,
                                            struct mc_error *err)
{
    if (weights->count == weights->capacity) {
        size_t capacity = weights->capacity == 0 ? 64 : weights->capacity * 2;
        struct nn_weight_entry **entries = realloc(weights->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the weights");
            return NULL;
        }
        weights->entries = entries;
        weights->capacity = capacity;
    }
    struct nn_weight_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the weights");
        return NULL;
    }
    snprintf(entry->weight.name, sizeof entry->weight.name, "%s", name);
    weights->entries[weights->count++] = entry;
    return entry;
}

void nn_weight_entry_destroy(struct nn_weight_entry *entry)
{
    if (entry != NULL) {
        mc_memory_free(entry->weight.data);
        free(entry);
    }
}

bool nn_weight_entry_set_shape(struct nn_weight_entry *entry, const int *dims, int rank,
                               struct mc_error *err)
{
    struct nn_weight *weight = &entry->weight;
    weight->rank = rank;
    weight->count = 1;
    for (int i = 0; i < NN_WEIGHT_DIMS_MAX; i++) {
        weight->dims[i] = i < rank ? dims[i] : 1;
        weight->count *= (size_t)weight->dims[i];
        if (weight->count > (size_t)NN_WEIGHT_COUNT_MAX) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: the shape is too large",
                                weight->name);
        }
    }
    return true;
}

struct nn_weights *nn_weights_create_random(uint32_t seed, struct mc_error *err)
{
    struct nn_weights *weights = calloc(1, sizeof *weights);
    if (weights == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the weights");
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
        nn_weight_entry_destroy(weights->entries[i]);
    }
    free(weights->entries);
    json_decref(weights->metadata);
    free(weights);
}

struct nn_weight_entry *nn_weight_entry_find(const struct nn_weights *weights, const char *name)
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

// Noise of about unit variance: the sum of four uniform numbers from a linear congruential
// generator (with the constants of Knuth's MMIX).
static float noise(uint64_t *state)
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (float)(*state >> 40) / (float)(1 << 24) - 0.5f;
    }
    return sum * 1.7320508f;
}

static struct nn_weight_entry *add_random(struct nn_weights *weights, const char *name,
                                          const int *dims, int rank, struct mc_error *err)
{
    struct nn_weight_entry *entry = nn_weight_entry_add(weights, name, err);
    if (entry == NULL || !nn_weight_entry_set_shape(entry, dims, rank, err)) {
        return NULL;
    }
    struct nn_weight *weight = &entry->weight;
    weight->data = mc_memory_alloc(weight->count * sizeof *weight->data);
    if (weight->data == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", name);
        return NULL;
    }
    uint64_t state = weights->seed;
    for (const char *c = name; *c != '\0'; c++) {
        state = state * 31 + (unsigned char)*c;
    }
    // Filters preserve variance through a ReLU (He et al., "Delving Deep into Rectifiers",
    // 2015); scales and variances of batch norms are near one, slopes of PReLUs near a
    // quarter, all others near zero.
    bool is_filter = rank == 4, is_slope = ends_with(name, ".f.weight");
    bool near_one = ends_with(name, "running_var") || ends_with(name, ".weight");
    float fan_in = (float)weight->count / (float)dims[0];
    for (size_t i = 0; i < weight->count; i++) {
        float value = noise(&state);
        weight->data[i] = is_filter  ? value * sqrtf(2.0f / fan_in)
                          : is_slope ? 0.25f + 0.1f * value
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
    struct nn_weight_entry *entry = nn_weight_entry_find(weights, name);
    if (entry == NULL && weights->random) {
        entry = add_random(weights, name, dims, rank, err);
        if (entry == NULL) {
            return NULL;
        }
    }
    char expected[64];
    write_shape(expected, sizeof expected, dims, rank);
    if (entry == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must have shape %s, but there is no such tensor",
                     name, expected);
        return NULL;
    }
    const struct nn_weight *weight = &entry->weight;
    if (weight->rank != rank || memcmp(weight->dims, dims, (size_t)rank * sizeof *dims) != 0) {
        char found[64];
        write_shape(found, sizeof found, weight->dims, weight->rank);
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: shape must be %s, got %s", name, expected,
                     found);
        return NULL;
    }
    entry->used = true;
    return weight;
}

const struct nn_weight *nn_weights_find(const struct nn_weights *weights, const char *name)
{
    const struct nn_weight_entry *entry = nn_weight_entry_find(weights, name);
    return entry == NULL ? NULL : &entry->weight;
}

const char *nn_weights_metadata(const struct nn_weights *weights, const char *key)
{
    return json_string_value(json_object_get(weights->metadata, key));
}

bool nn_weights_set_metadata(struct nn_weights *weights, const char *key, const char *value,
                             struct mc_error *err)
{
    if (weights->metadata == NULL) {
        weights->metadata = json_object();
    }
    return json_object_set_new(weights->metadata, key, json_string(value)) == 0 ||
           mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", key);
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
        const struct nn_weight_entry *entry = weights->entries[i];
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
