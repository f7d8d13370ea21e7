// The steps of a program, in words and in time.
#pragma once

#include <stdint.h>

#include "base/error.h"

struct nn_program;
struct nn_step;

enum { LAB_STEP_TEXT = 48 };

// What kind of work the step is, such as "conv 3x1" or "max pool": steps of one
// kind are done by one inner loop.
void lab_step_kind(const struct nn_step *step, char text[LAB_STEP_TEXT]);

// The kind, with dilation and what is fused into it: "conv 3x1 d9 +res +relu +shuffle".
void lab_step_work(const struct nn_step *step, char text[LAB_STEP_TEXT]);

// "64x64x16 > 64x64x16": width, height and channels, in and out.
void lab_step_shapes(const struct nn_step *step, char text[LAB_STEP_TEXT]);

// Bytes of the maps that the step reads and writes, and of its weights.
uint64_t lab_step_bytes(const struct nn_program *program, const struct nn_step *step);

// Runs the program on a thread pool, `runs` times, and writes the median time of
// each step into us (microseconds, one for each step).
bool lab_steps_measure(const struct nn_program *program, int threads, long runs, double *us,
                       struct mc_error *err) MC_MUST_USE;
