// The pool of workers: jobs on libuv's work queue, a set of networks for each worker.
// All streams of a daemon share one pool.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"

struct nn_model_info;
struct pipeline_detectors;
struct pipeline_models;
struct pipeline_workers;

enum { PIPELINE_WORKERS_MAX = 64 };

// Makes count runners of each model; borrows the models (pipeline/models.h). Sets the size of
// libuv's thread pool, too, so call it before anything else uses that pool. Thread: loop.
struct pipeline_workers *pipeline_workers_create(uv_loop_t *loop,
                                                 const struct pipeline_models *models, int count,
                                                 struct mc_error *err) MC_MUST_USE;

// Close every stream first. NULL does nothing. Thread: loop.
void pipeline_workers_destroy(struct pipeline_workers *workers);

// The rest is for streams. Thread: loop, except pipeline_job.work.

// Embedded in what the job works on; lives from pipeline_job_source.next until done returns.
struct pipeline_job {
    // The detectors are the job's alone while it runs. Thread: worker.
    void (*work)(struct pipeline_job *job, const struct pipeline_detectors *detectors);
    void (*done)(struct pipeline_job *job);
};

// Whenever a worker is free, the sources are asked in turn.
struct pipeline_job_source {
    struct pipeline_job *(*next)(struct pipeline_job_source *source); // NULL: nothing to do now
    struct pipeline_job_source *after;                                // in the pool's ring
};

int pipeline_workers_count(const struct pipeline_workers *workers);
const struct nn_model_info *pipeline_workers_model(const struct pipeline_workers *workers);
bool pipeline_workers_can_locate(const struct pipeline_workers *workers);

void pipeline_workers_add(struct pipeline_workers *workers, struct pipeline_job_source *source);

// The source is not asked any more; jobs that it already gave still get done.
void pipeline_workers_remove(struct pipeline_workers *workers, struct pipeline_job_source *source);

// Call it when a source has something to do again.
void pipeline_workers_kick(struct pipeline_workers *workers);
