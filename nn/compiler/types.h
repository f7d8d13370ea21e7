// Pass 3: the type of every map.
#pragma once

#include "nn/precision.h"

struct nn_compiler;
struct nn_ranges;

// Runs once all views are known. ranges: see nn_compile_options.
void nn_compiler_set_types(struct nn_compiler *compiler, enum nn_precision precision,
                           const struct nn_ranges *ranges);
