// Pass 1: operator fusion.
#pragma once

struct nn_compiler;

// Decides which operators become steps of their own, what each step absorbs, and which maps
// are slices or broadcasts of others. Fills in candidates and the maps' states.
void nn_compiler_fuse(struct nn_compiler *compiler);
