#include "nn/quantise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/graph/safetensors_writer.h"
#include "nn/graph/weights.h"
#include "nn/graph/weights_internal.h"
#include "nn/model.h"

struct nn_quantiser {
    const struct nn_program *program; // borrowed
    float *arena;
    float *ranges; // by step; 0: none
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
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for calibration");
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

static float map_max(const struct nn_tensor *map)
{
    float max = 0;
    for (int y = 0; y < map->height; y++) {
        for (int x = 0; x < map->width; x++) {
            const float *pixel = nn_tensor_at(map, y, x);
            for (int c = 0; c < map->channels; c++) {
                max = pixel[c] > max ? pixel[c] : max;
            }
        }
    }
    return max;
}

// Whether the step's output can be bytes: it ends in a ReLU, and its kernel can store them.
static bool has_range(const struct nn_step *step)
{
    return (step->kind == NN_STEP_CONV && step->conv.relu) ||
           (step->kind == NN_STEP_MAX_POOL && step->epilogue.relu);
}

void nn_quantiser_run(struct nn_quantiser *quantiser)
{
    const struct nn_program *program = quantiser->program;
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        nn_program_run_step(program, step, quantiser->arena, 0, 1);
        if (has_range(step)) {
            struct nn_tensor out = nn_view_tensor(&step->out, quantiser->arena);
            quantiser->ranges[i] = fmaxf(quantiser->ranges[i], map_max(&out));
        }
    }
    quantiser->runs++;
}

// The range over all steps with step i's name, which write one map together (the phases of a
// transposed convolution); 0 unless i is the first of them.
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
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a range");
        }
        entry->weight.data[0] = range;
    }
    return true;
}

// Whether weight is the filter of a convolution with byte input in program.
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

static bool add_tensors(struct nn_safetensors_writer *writer, const struct nn_weights *weights,
                        const struct nn_program *program, struct mc_error *err)
{
    for (size_t i = 0; i < weights->count; i++) {
        const struct nn_weight *weight = &weights->entries[i]->weight;
        bool good = reads_bytes(program, weight)
                        ? nn_safetensors_writer_add_i8(writer, weight, err)
                        : nn_safetensors_writer_add_f32(writer, weight, err);
        if (!good) {
            return false;
        }
    }
    return true;
}

// Writes the weights as the program, which is int8, reads them.
static bool write_file(const struct nn_weights *weights, const struct nn_program *program,
                       const char *target, struct mc_error *err)
{
    struct nn_safetensors_writer *writer = nn_safetensors_writer_create(weights->metadata, err);
    bool good = writer != NULL && add_tensors(writer, weights, program, err) &&
                nn_safetensors_writer_write(writer, target, err);
    nn_safetensors_writer_destroy(writer);
    return good;
}

static bool write_weights(const struct nn_quantiser *quantiser, struct nn_weights *weights,
                          const char *target, struct mc_error *err)
{
    if (!nn_quantiser_set_ranges(quantiser, weights, err)) {
        return false;
    }
    if (weights->metadata == NULL) {
        weights->metadata = json_object();
    }
    char runs[32];
    snprintf(runs, sizeof runs, "%d inputs", quantiser->runs);
    json_object_set_new(weights->metadata, "mocap.precision", json_string("int8"));
    json_object_set_new(weights->metadata, "mocap.calibration", json_string(runs));
    struct nn_model *model = nn_model_create(weights, 0, NN_PRECISION_INT8, err);
    bool good = model != NULL && write_file(weights, nn_model_program(model), target, err);
    nn_model_destroy(model);
    return good;
}

bool nn_quantiser_write(const struct nn_quantiser *quantiser, const char *source,
                        const char *target, struct mc_error *err)
{
    if (quantiser->runs == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: must be calibrated on at least one input", source);
    }
    struct nn_weights *weights = nn_weights_load(source, err);
    if (weights == NULL) {
        return false;
    }
    const char *precision = nn_weights_metadata(weights, "mocap.precision");
    bool good = precision == NULL || strcmp(precision, "f32") == 0
                    ? write_weights(quantiser, weights, target, err)
                    : mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                   "%s: must be a float32 model, is %s already", source, precision);
    nn_weights_destroy(weights);
    return good;
}
