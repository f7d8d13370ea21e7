#include "nn/quantise.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/graph/weight_store.h"
#include "nn/graph/weights.h"
#include "nn/model.h"

struct nn_quantiser {
    const struct nn_program *program; // borrowed
    float *arena;
    float *ranges; // by step; 0: has none
    int runs;
};

struct nn_quantiser *nn_quantiser_create(const struct nn_program *program, struct mc_error *err)
{
    struct nn_quantiser *quantiser = calloc(1, sizeof *quantiser);
    if (quantiser != NULL) {
        quantiser->program = program;
        quantiser->arena = mc_memory_alloc(program->arena_floats * sizeof(float));
        quantiser->ranges = calloc((size_t)program->step_count + 1, sizeof(float));
    }
    if (quantiser == NULL || quantiser->arena == NULL || quantiser->ranges == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory to calibrate");
        nn_quantiser_destroy(quantiser);
        return NULL;
    }
    return quantiser;
}

void nn_quantiser_destroy(struct nn_quantiser *quantiser)
{
    if (quantiser != NULL) {
        mc_memory_free(quantiser->arena);
        free(quantiser->ranges);
        free(quantiser);
    }
}

struct nn_tensor nn_quantiser_input(struct nn_quantiser *quantiser)
{
    return nn_view_tensor(&quantiser->program->input, quantiser->arena);
}

static float largest(const struct nn_tensor *map)
{
    float most = 0;
    for (int y = 0; y < map->height; y++) {
        for (int x = 0; x < map->width; x++) {
            const float *pixel = nn_tensor_at(map, y, x);
            for (int c = 0; c < map->channels; c++) {
                most = pixel[c] > most ? pixel[c] : most;
            }
        }
    }
    return most;
}

// A step whose output could be bytes: behind a ReLU, in a kernel that writes them.
static bool has_range(const struct nn_step *step)
{
    return (step->kind == NN_STEP_CONV && step->conv.relu) ||
           (step->kind == NN_STEP_MAX_POOL && step->finish.relu);
}

void nn_quantiser_run(struct nn_quantiser *quantiser)
{
    const struct nn_program *program = quantiser->program;
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        nn_program_run_step(program, step, quantiser->arena, 0, 1);
        if (has_range(step)) {
            struct nn_tensor out = nn_view_tensor(&step->out, quantiser->arena);
            quantiser->ranges[i] = fmaxf(quantiser->ranges[i], largest(&out));
        }
    }
    quantiser->runs++;
}

// The range of all steps that share this one's name, which make one map together
// (the phases of a transposed convolution); 0 when step i isn't the first of them.
static float shared_range(const struct nn_quantiser *quantiser, int i)
{
    const struct nn_program *program = quantiser->program;
    float range = 0;
    for (int j = 0; j < program->step_count; j++) {
        if (strcmp(program->steps[i].name, program->steps[j].name) == 0) {
            if (j < i) {
                return 0;
            }
            range = fmaxf(range, quantiser->ranges[j]);
        }
    }
    return range;
}

bool nn_quantiser_set_ranges(const struct nn_quantiser *quantiser, struct nn_weights *weights,
                             struct mc_error *err)
{
    const struct nn_program *program = quantiser->program;
    for (int i = 0; i < program->step_count; i++) {
        const float range = shared_range(quantiser, i);
        if (!(range > 0)) {
            continue;
        }
        char name[NN_WEIGHT_NAME_BYTES];
        snprintf(name, sizeof name, "range.%s", program->steps[i].name);
        struct nn_weight_entry *entry = nn_weight_entry_add(weights, name, err);
        const int one = 1;
        if (entry == NULL || !nn_weight_entry_set_shape(entry, &one, 1, err)) {
            return false;
        }
        entry->weight.data = mc_memory_alloc(sizeof(float));
        if (entry->weight.data == NULL) {
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a range");
        }
        entry->weight.data[0] = range;
    }
    return true;
}

// ---- the file --------------------------------------------------------------------

// A safetensors file on its way: the header, and the data behind it.
struct writer {
    json_t *header;
    uint8_t *data;
    size_t size, capacity;
};

// Room for size bytes more, or NULL.
static uint8_t *reserve(struct writer *writer, size_t size)
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

// Declares a tensor and returns room for its bytes.
static uint8_t *add_tensor(struct writer *writer, const char *name, const char *dtype,
                           size_t element_bytes, const int *dims, int rank)
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
    if (json_object_set_new(writer->header, name, tensor) != 0) {
        return NULL;
    }
    return reserve(writer, size);
}

static void put_float(uint8_t *bytes, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(bits >> (8 * i));
    }
}

static bool write_f32(struct writer *writer, const char *name, const float *numbers,
                      const int *dims, int rank)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        count *= (size_t)dims[i];
    }
    uint8_t *bytes = add_tensor(writer, name, "F32", sizeof(float), dims, rank);
    for (size_t i = 0; bytes != NULL && i < count; i++) {
        put_float(bytes + 4 * i, numbers[i]);
    }
    return bytes != NULL;
}

// A filter as whole numbers of -127 to 127 and a scale for each output channel.
static bool write_i8(struct writer *writer, const struct nn_weight *weight)
{
    const int outputs = weight->dims[0];
    const size_t each = weight->count / (size_t)outputs;
    char name[NN_WEIGHT_NAME_BYTES + 8];
    snprintf(name, sizeof name, "%s.scale", weight->name);
    float *scales = malloc((size_t)outputs * sizeof *scales);
    uint8_t *bytes = add_tensor(writer, weight->name, "I8", 1, weight->dims, weight->rank);
    if (scales == NULL || bytes == NULL) {
        free(scales);
        return false;
    }
    for (int o = 0; o < outputs; o++) {
        const float *filter = weight->data + (size_t)o * each;
        float most = 0;
        for (size_t i = 0; i < each; i++) {
            most = fmaxf(most, fabsf(filter[i]));
        }
        scales[o] = most > 0 ? most / 127 : 1;
        for (size_t i = 0; i < each; i++) {
            bytes[(size_t)o * each + i] = (uint8_t)(int8_t)lrintf(filter[i] / scales[o]);
        }
    }
    bool good = write_f32(writer, name, scales, &outputs, 1);
    free(scales);
    return good;
}

// Whether weight is the filter of a convolution that reads bytes in program.
static bool reads_bytes(const struct nn_program *program, const struct nn_weight *weight)
{
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        size_t length = strlen(step->name);
        if (step->kind == NN_STEP_CONV && step->conv.type == NN_U8 &&
            strncmp(weight->name, step->name, length) == 0 &&
            strcmp(weight->name + length, ".weight") == 0) {
            return true;
        }
    }
    return false;
}

static bool gather(struct writer *writer, const struct nn_weights *weights,
                   const struct nn_program *program, struct mc_error *err)
{
    for (size_t i = 0; i < weights->count; i++) {
        const struct nn_weight *weight = &weights->entries[i]->weight;
        bool good = reads_bytes(program, weight)
                        ? write_i8(writer, weight)
                        : write_f32(writer, weight->name, weight->data, weight->dims, weight->rank);
        if (!good) {
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: no memory", weight->name);
        }
    }
    return true;
}

static bool write_file(const struct writer *writer, const char *path, struct mc_error *err)
{
    char part[4096];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long", path);
    }
    char *header = json_dumps(writer->header, JSON_COMPACT);
    FILE *file = fopen(part, "wb");
    if (header == NULL || file == NULL) {
        free(header);
        if (file != NULL) {
            fclose(file);
        }
        return mc_error_set_errno(err, "%s", part);
    }
    uint8_t length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (uint8_t)(strlen(header) >> (8 * i));
    }
    bool good = fwrite(length, 1, sizeof length, file) == sizeof length &&
                fwrite(header, 1, strlen(header), file) == strlen(header) &&
                fwrite(writer->data, 1, writer->size, file) == writer->size;
    good = fclose(file) == 0 && good;
    free(header);
    if (!good || rename(part, path) != 0) {
        mc_error_set_errno(err, "%s", path);
        unlink(part);
        return false;
    }
    return true;
}

static bool write_weights(const struct nn_quantiser *quantiser, struct nn_weights *weights,
                          const char *target, struct mc_error *err)
{
    if (!nn_quantiser_set_ranges(quantiser, weights, err)) {
        return false;
    }
    json_t *metadata = weights->metadata == NULL ? json_object() : weights->metadata;
    weights->metadata = metadata;
    char runs[32];
    snprintf(runs, sizeof runs, "%d inputs", quantiser->runs);
    json_object_set_new(metadata, "mocap.precision", json_string("int8"));
    json_object_set_new(metadata, "mocap.calibration", json_string(runs));
    struct nn_model *model = nn_model_create(weights, 0, NN_PRECISION_INT8, err);
    if (model == NULL) {
        return false;
    }
    struct writer writer = { .header = json_object() };
    json_object_set(writer.header, "__metadata__", metadata);
    bool good =
        gather(&writer, weights, nn_model_program(model), err) && write_file(&writer, target, err);
    json_decref(writer.header);
    free(writer.data);
    nn_model_destroy(model);
    return good;
}

bool nn_quantiser_write(const struct nn_quantiser *quantiser, const char *source,
                        const char *target, struct mc_error *err)
{
    if (quantiser->runs == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: no input to take ranges from", source);
    }
    struct nn_weights *weights = nn_weights_load(source, err);
    if (weights == NULL) {
        return false;
    }
    const char *precision = nn_weights_metadata(weights, "mocap.precision");
    bool good =
        precision == NULL || strcmp(precision, "f32") == 0
            ? write_weights(quantiser, weights, target, err)
            : mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: is %s already", source, precision);
    nn_weights_destroy(weights);
    return good;
}
