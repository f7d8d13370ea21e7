// Passes 2, 4 and 6: where maps are stored. Maps without a parent get a span of the arena;
// all others are views.
#pragma once

#include <stdbool.h>

#include "nn/compiler/program.h"

struct nn_compiler;
struct nn_op;

// Pass 2: makes the inputs of concats views of the result where possible, so that they are
// written in place.
void nn_compiler_place_concats(struct nn_compiler *compiler);

// Whether input number `input` of a concat is already in place.
bool nn_compiler_is_in_place(const struct nn_compiler *compiler, const struct nn_op *concat,
                             int input);

// Pass 4: gives each map without a parent a span of the right size. Needs the types.
void nn_compiler_make_spans(struct nn_compiler *compiler);

// Extends the life of the map's span to include step. NONE does nothing.
void nn_compiler_use_map(struct nn_compiler *compiler, int map, int step);

// Pass 6: where the map lies, once nn_plan has placed the spans.
struct nn_view nn_compiler_view(const struct nn_compiler *compiler, int map);
