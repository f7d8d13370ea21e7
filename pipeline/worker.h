// The pool of workers: threads that do jobs, each with a set of networks of its own. All streams of
// a daemon share one pool.
//
// A frame goes from its capture thread straight to a worker: kick hands a job to one that sleeps,
// and a worker that has finished one takes the next. No other thread is woken for it.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct nn_model_info;
struct pipeline_detectors;
struct pipeline_models;
struct pipeline_workers;

enum {
    PIPELINE_WORKERS_MAX = 64,
    // A stream's frames in flight, for each worker: while the oldest is slow, the others continue.
    PIPELINE_JOBS_PER_WORKER = 2,
};

// Makes count runners of each model, and starts as many threads; borrows the models
// (pipeline/models.h). Returns NULL and sets err on failure.
struct pipeline_workers *pipeline_workers_create(const struct pipeline_models *models, int count,
                                                 struct mc_error *err) MC_MUST_USE;

// Close every stream first. NULL does nothing.
void pipeline_workers_destroy(struct pipeline_workers *workers);

// The rest is for streams.

// Embedded in what the job works on.
struct pipeline_job {
    // The detectors are the job's alone while it runs. Thread: worker.
    void (*work)(struct pipeline_job *job, const struct pipeline_detectors *detectors);
};

// Whenever a worker is free, the sources are asked in turn.
struct pipeline_job_source {
    // NULL: nothing to do now. Called with the pool locked; must be short. Any thread.
    struct pipeline_job *(*next)(struct pipeline_job_source *source);
    struct pipeline_job_source *after; // in the pool's ring
};

int pipeline_workers_count(const struct pipeline_workers *workers);
const struct nn_model_info *pipeline_workers_model(const struct pipeline_workers *workers);
bool pipeline_workers_can_locate(const struct pipeline_workers *workers);

void pipeline_workers_add(struct pipeline_workers *workers, struct pipeline_job_source *source);

// The source is not asked any more; jobs that it already gave still get done.
void pipeline_workers_remove(struct pipeline_workers *workers, struct pipeline_job_source *source);

// Call it when a source has something to do again. Any thread.
void pipeline_workers_kick(struct pipeline_workers *workers);

// The lock under which sources are asked; guards what their next reads. Any thread.
void pipeline_workers_lock(struct pipeline_workers *workers);
void pipeline_workers_unlock(struct pipeline_workers *workers);
