#include "nn/quantise.h"

#include <stdlib.h>

#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"

struct nn_quantiser {
    const struct nn_program *program; // borrowed
    float *arena;
    float *ranges; // by step
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

void nn_quantiser_run(struct nn_quantiser *quantiser)
{
    const struct nn_program *program = quantiser->program;
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        nn_program_run_step(program, step, quantiser->arena, 0, 1);
        if (nn_ranges_needs(step)) {
            const struct nn_tensor out = nn_view_tensor(&step->out, quantiser->arena);
            const float max = map_max(&out);
            quantiser->ranges[i] = max > quantiser->ranges[i] ? max : quantiser->ranges[i];
        }
    }
}

struct nn_ranges *nn_quantiser_ranges(const struct nn_quantiser *quantiser, struct mc_error *err)
{
    const struct nn_program *program = quantiser->program;
    struct nn_ranges *ranges = nn_ranges_create(err);
    for (int i = 0; i < program->step_count && ranges != NULL; i++) {
        const struct nn_step *step = &program->steps[i];
        if (nn_ranges_needs(step) &&
            !nn_ranges_add(ranges, step->name, quantiser->ranges[i], err)) {
            nn_ranges_destroy(ranges);
            ranges = NULL;
        }
    }
    return ranges;
}
