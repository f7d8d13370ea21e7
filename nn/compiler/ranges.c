#include "nn/compiler/ranges.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "nn/compiler/program.h"

enum { DIGITS = 4 }; // so that processors which round differently write the same file

// Of a range, so that no scale overflows or vanishes.
#define RANGE_MIN 1e-6
#define RANGE_MAX 1e6

struct nn_ranges {
    json_t *values; // an object of numbers, by step
};

static bool fail_memory(struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for activation ranges");
}

// Takes the values, which may be NULL.
static struct nn_ranges *create(json_t *values, struct mc_error *err)
{
    struct nn_ranges *ranges = values == NULL ? NULL : calloc(1, sizeof *ranges);
    if (ranges == NULL) {
        json_decref(values);
        fail_memory(err);
        return NULL;
    }
    ranges->values = values;
    return ranges;
}

struct nn_ranges *nn_ranges_create(struct mc_error *err)
{
    return create(json_object(), err);
}

void nn_ranges_destroy(struct nn_ranges *ranges)
{
    if (ranges != NULL) {
        json_decref(ranges->values);
        free(ranges);
    }
}

float nn_ranges_find(const struct nn_ranges *ranges, const char *step)
{
    return ranges == NULL ? 0 : (float)json_number_value(json_object_get(ranges->values, step));
}

int nn_ranges_count(const struct nn_ranges *ranges)
{
    return (int)json_object_size(ranges->values);
}

bool nn_ranges_add(struct nn_ranges *ranges, const char *step, float max, struct mc_error *err)
{
    const double before = (double)nn_ranges_find(ranges, step), added = (double)max;
    double wider = added > before ? added : before;
    wider = wider < RANGE_MIN ? 0 : wider > RANGE_MAX ? RANGE_MAX : wider;
    return json_object_set_new(ranges->values, step, json_real(wider)) == 0 || fail_memory(err);
}

char *nn_ranges_write(const struct nn_ranges *ranges, struct mc_error *err)
{
    char *text = json_dumps(ranges->values, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    if (text == NULL) {
        fail_memory(err);
    }
    return text;
}

static bool check_values(const json_t *values, struct mc_error *err)
{
    const char *step;
    json_t *value;
    if (!json_is_object(values) || json_object_size(values) == 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            NN_RANGES_KEY ": must be a JSON object of numbers");
    }
    json_object_foreach((json_t *)values, step, value)
    {
        const double range = json_number_value(value);
        if (!json_is_number(value) || !(range == 0 || (range >= RANGE_MIN && range <= RANGE_MAX))) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                NN_RANGES_KEY ": %.40s: must be 0 or a number from %g to %g", step,
                                RANGE_MIN, RANGE_MAX);
        }
    }
    return true;
}

struct nn_ranges *nn_ranges_read(const char *text, struct mc_error *err)
{
    json_error_t where;
    json_t *values = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (values == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0,
                     NN_RANGES_KEY ": must be JSON, got an error at byte %d: %s", where.position,
                     where.text);
        return NULL;
    }
    if (!check_values(values, err)) {
        json_decref(values);
        return NULL;
    }
    return create(values, err);
}

bool nn_ranges_needs(const struct nn_step *step)
{
    const bool is_conv = step->kind == NN_STEP_CONV || step->kind == NN_STEP_DEPTHWISE;
    return (is_conv && step->conv.relu) || (step->kind == NN_STEP_MAX_POOL && step->epilogue.relu);
}

static bool has_step(const struct nn_program *program, const char *name)
{
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        if (nn_ranges_needs(step) && strcmp(step->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool nn_ranges_check(const struct nn_ranges *ranges, const struct nn_program *program,
                     struct mc_error *err)
{
    for (int i = 0; i < program->step_count; i++) {
        const struct nn_step *step = &program->steps[i];
        if (nn_ranges_needs(step) && json_object_get(ranges->values, step->name) == NULL) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                NN_RANGES_KEY ": must have a number for %s, got none", step->name);
        }
    }
    const char *name;
    json_t *value;
    json_object_foreach(ranges->values, name, value)
    {
        if (!has_step(program, name)) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                NN_RANGES_KEY ": %.40s: the network has no such step", name);
        }
    }
    return true;
}
