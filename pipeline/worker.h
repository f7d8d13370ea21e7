// The pool of workers: jobs on libuv's work queue, one network runner each.
// All streams of a daemon share one pool.
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "base/error.h"
#include "pipeline/track/locator.h"

struct nn_model;
struct nn_model_info;
struct nn_runner;
struct pipeline_scaler;
struct pipeline_workers;

enum { PIPELINE_WORKERS_MAX = 64 };

// Makes count runners of each model; both are borrowed. locator may be NULL, when
// no stream wants to find faces. Also sets the size of libuv's thread pool, so
// call it before anything else uses that pool. Thread: loop.
struct pipeline_workers *pipeline_workers_create(uv_loop_t *loop, const struct nn_model *model,
                                                 const struct nn_model *locator, int count,
                                                 struct mc_error *err) MC_MUST_USE;

// Every stream must have been closed before. NULL does nothing. Thread: loop.
void pipeline_workers_destroy(struct pipeline_workers *workers);

// The rest is for streams. Thread: loop, except pipeline_job.work.

// What a worker works with; its own while the job runs.
struct pipeline_worker_context {
    const struct nn_model_info *model;
    struct nn_runner *runner;
    struct pipeline_locator locator; // its runner is NULL where there is none
    struct pipeline_scaler *scaler;
};

// Embedded in what the work is about; lives from client.next to done.
struct pipeline_job {
    void (*work)(struct pipeline_job *job,
                 const struct pipeline_worker_context *seat); // Thread: worker
    void (*done)(struct pipeline_job *job);
};

// One who has jobs. When a worker is free, clients are asked in turn.
struct pipeline_job_source {
    struct pipeline_job *(*next)(struct pipeline_job_source *client); // NULL: nothing to do now
    struct pipeline_job_source *after;                                // in the pool's ring
};

int pipeline_workers_count(const struct pipeline_workers *workers);
const struct nn_model_info *pipeline_workers_model(const struct pipeline_workers *workers);
bool pipeline_workers_can_locate(const struct pipeline_workers *workers);

void pipeline_workers_add(struct pipeline_workers *workers, struct pipeline_job_source *client);

// It is asked no more; its jobs at work still get done.
void pipeline_workers_remove(struct pipeline_workers *workers, struct pipeline_job_source *client);

// A client has something to do again.
void pipeline_workers_kick(struct pipeline_workers *workers);
