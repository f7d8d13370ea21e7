#include "nn/graph/safetensors_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

struct nn_safetensors_writer {
    json_t *header;
    uint8_t *data; // of all tensors
    size_t size, capacity;
};

static bool fail_memory(const char *name, struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", name);
}

struct nn_safetensors_writer *nn_safetensors_writer_create(json_t *metadata, struct mc_error *err)
{
    struct nn_safetensors_writer *writer = calloc(1, sizeof *writer);
    if (writer != NULL) {
        writer->header = json_object();
    }
    if (writer == NULL || json_object_set(writer->header, "__metadata__", metadata) != 0) {
        fail_memory("__metadata__", err);
        nn_safetensors_writer_destroy(writer);
        return NULL;
    }
    return writer;
}

void nn_safetensors_writer_destroy(struct nn_safetensors_writer *writer)
{
    if (writer != NULL) {
        json_decref(writer->header);
        free(writer->data);
        free(writer);
    }
}

// Grows the data by size bytes, which it returns, or NULL.
static uint8_t *reserve(struct nn_safetensors_writer *writer, size_t size)
{
    if (writer->size + size > writer->capacity) {
        size_t capacity = 2 * writer->capacity + size;
        uint8_t *data = realloc(writer->data, capacity);
        if (data == NULL) {
            return NULL;
        }
        writer->data = data;
        writer->capacity = capacity;
    }
    writer->size += size;
    return writer->data + writer->size - size;
}

// Adds a tensor to the header and returns room for its bytes, or NULL.
static uint8_t *add_tensor(struct nn_safetensors_writer *writer, const char *name,
                           const char *dtype, size_t element_bytes, const int *dims, int rank)
{
    json_t *shape = json_array();
    size_t size = element_bytes;
    for (int i = 0; i < rank; i++) {
        json_array_append_new(shape, json_integer(dims[i]));
        size *= (size_t)dims[i];
    }
    json_int_t begin = (json_int_t)writer->size, end = begin + (json_int_t)size;
    json_t *tensor = json_pack("{s:s, s:o, s:[I,I]}", "dtype", dtype, "shape", shape,
                               "data_offsets", begin, end);
    return json_object_set_new(writer->header, name, tensor) == 0 ? reserve(writer, size) : NULL;
}

static void put_float(uint8_t *bytes, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(bits >> (8 * i));
    }
}

bool nn_safetensors_writer_add_f32(struct nn_safetensors_writer *writer,
                                   const struct nn_weight *weight, struct mc_error *err)
{
    uint8_t *bytes =
        add_tensor(writer, weight->name, "F32", sizeof(float), weight->dims, weight->rank);
    if (bytes == NULL) {
        return fail_memory(weight->name, err);
    }
    for (size_t i = 0; i < weight->count; i++) {
        put_float(bytes + 4 * i, weight->data[i]);
    }
    return true;
}

// Quantises count numbers and returns their scale.
static float quantise(const float *numbers, size_t count, uint8_t *bytes)
{
    float max = 0;
    for (size_t i = 0; i < count; i++) {
        max = fmaxf(max, fabsf(numbers[i]));
    }
    const float scale = max > 0 ? max / 127 : 1;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(int8_t)lrintf(numbers[i] / scale);
    }
    return scale;
}

bool nn_safetensors_writer_add_i8(struct nn_safetensors_writer *writer,
                                  const struct nn_weight *weight, struct mc_error *err)
{
    const int outputs = weight->dims[0];
    const size_t each = weight->count / (size_t)outputs;
    char name[NN_WEIGHT_NAME_BYTES + 8];
    snprintf(name, sizeof name, "%s.scale", weight->name);
    // The scales come first: room for more may move the tensor's own bytes.
    uint8_t *scales = add_tensor(writer, name, "F32", sizeof(float), &outputs, 1);
    const size_t scales_offset = writer->size - sizeof(float) * (size_t)outputs;
    uint8_t *bytes = scales == NULL
                         ? NULL
                         : add_tensor(writer, weight->name, "I8", 1, weight->dims, weight->rank);
    if (bytes == NULL) {
        return fail_memory(weight->name, err);
    }
    for (int o = 0; o < outputs; o++) {
        const float scale =
            quantise(weight->data + (size_t)o * each, each, bytes + (size_t)o * each);
        put_float(writer->data + scales_offset + sizeof(float) * (size_t)o, scale);
    }
    return true;
}

bool nn_safetensors_writer_write(const struct nn_safetensors_writer *writer, const char *path,
                                 struct mc_error *err)
{
    char *header = json_dumps(writer->header, JSON_COMPACT);
    if (header == NULL) {
        return fail_memory(path, err);
    }
    uint8_t length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (uint8_t)(strlen(header) >> (8 * i));
    }
    const struct mc_file_part parts[] = { { length, sizeof length },
                                          { header, strlen(header) },
                                          { writer->data, writer->size } };
    bool good = mc_file_replace(path, parts, 3, 0666, err);
    free(header);
    return good;
}
