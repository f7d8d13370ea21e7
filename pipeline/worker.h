// The pool of workers: jobs on libuv's work queue, one network runner each.
// All streams of a daemon share one pool.
#pragma once

#include <uv.h>

#include "base/error.h"

struct nn_model;
struct pipeline_workers;

enum { PIPELINE_WORKERS_MAX = 64 };

// Makes count runners of the model, which is borrowed. Also sets the size of
// libuv's thread pool, so call it before anything else uses that pool.
// Thread: loop.
struct pipeline_workers *pipeline_workers_create(uv_loop_t *loop, const struct nn_model *model,
                                                 int count, struct mc_error *err) MC_MUST_USE;

// Every stream must have been closed before. NULL does nothing. Thread: loop.
void pipeline_workers_destroy(struct pipeline_workers *workers);
