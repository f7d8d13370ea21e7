#include "pipeline/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/track/detectors.h"

enum { LIBUV_THREADS_MIN = 4 }; // libuv's own default, which DNS lookups share

struct worker {
    uv_work_t request; // data: this worker
    struct pipeline_workers *workers;
    struct pipeline_detectors detectors;
    struct pipeline_job *job; // being done, or NULL
};

struct pipeline_workers {
    uv_loop_t *loop;
    struct pipeline_models models;       // borrowed
    struct pipeline_job_source *sources; // a ring; the one that was served last, or NULL
    int count;
    struct worker workers[];
};

// libuv reads this once, at its first job.
static void set_thread_count(int count)
{
    char text[16];
    int threads = count + 1 > LIBUV_THREADS_MIN ? count + 1 : LIBUV_THREADS_MIN;
    snprintf(text, sizeof text, "%d", threads);
    setenv("UV_THREADPOOL_SIZE", text, 1);
}

struct pipeline_workers *pipeline_workers_create(uv_loop_t *loop,
                                                 const struct pipeline_models *models, int count,
                                                 struct mc_error *err)
{
    if (!pipeline_models_check(models, err)) {
        return NULL;
    }
    if (count < 1 || count > PIPELINE_WORKERS_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "workers must be 1 to %d, got %d",
                     PIPELINE_WORKERS_MAX, count);
        return NULL;
    }
    struct pipeline_workers *workers =
        calloc(1, sizeof *workers + (size_t)count * sizeof workers->workers[0]);
    if (workers == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %d workers", count);
        return NULL;
    }
    set_thread_count(count);
    workers->loop = loop;
    workers->models = *models;
    workers->count = count;
    for (int i = 0; i < count; i++) {
        struct worker *worker = &workers->workers[i];
        worker->request.data = worker;
        worker->workers = workers;
        if (!pipeline_detectors_init(&worker->detectors, models, err)) {
            pipeline_workers_destroy(workers);
            return NULL;
        }
    }
    return workers;
}

void pipeline_workers_destroy(struct pipeline_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    assert(workers->sources == NULL);
    for (int i = 0; i < workers->count; i++) {
        assert(workers->workers[i].job == NULL);
        pipeline_detectors_finish(&workers->workers[i].detectors);
    }
    free(workers);
}

int pipeline_workers_count(const struct pipeline_workers *workers)
{
    return workers->count;
}

const struct nn_model_info *pipeline_workers_model(const struct pipeline_workers *workers)
{
    return nn_model_info(workers->models.landmarks);
}

bool pipeline_workers_can_locate(const struct pipeline_workers *workers)
{
    return workers->models.locator != NULL;
}

void pipeline_workers_add(struct pipeline_workers *workers, struct pipeline_job_source *source)
{
    if (workers->sources == NULL) {
        source->after = source;
    } else {
        source->after = workers->sources->after;
        workers->sources->after = source;
    }
    workers->sources = source;
}

void pipeline_workers_remove(struct pipeline_workers *workers, struct pipeline_job_source *source)
{
    struct pipeline_job_source *before = source;
    while (before->after != source) {
        before = before->after;
    }
    before->after = source->after;
    if (workers->sources == source) {
        workers->sources = before != source ? before : NULL;
    }
}

static struct worker *find_free(struct pipeline_workers *workers)
{
    for (int i = 0; i < workers->count; i++) {
        if (workers->workers[i].job == NULL) {
            return &workers->workers[i];
        }
    }
    return NULL;
}

// Asks each source once, starting after the one that was served last.
static struct pipeline_job *find_job(struct pipeline_workers *workers)
{
    struct pipeline_job_source *last = workers->sources;
    if (last == NULL) {
        return NULL;
    }
    struct pipeline_job_source *source = last;
    do {
        source = source->after;
        struct pipeline_job *job = source->next(source);
        if (job != NULL) {
            workers->sources = source;
            return job;
        }
    } while (source != last);
    return NULL;
}

static void on_work(uv_work_t *request)
{
    struct worker *worker = request->data;
    worker->job->work(worker->job, &worker->detectors);
}

static void on_done(uv_work_t *request, int status)
{
    (void)status; // never cancelled
    struct worker *worker = request->data;
    struct pipeline_workers *workers = worker->workers;
    struct pipeline_job *job = worker->job;
    worker->job = NULL;
    pipeline_workers_kick(workers); // first, so that the worker is busy while the result goes out
    job->done(job);
    pipeline_workers_kick(workers);
}

void pipeline_workers_kick(struct pipeline_workers *workers)
{
    struct worker *worker;
    while ((worker = find_free(workers)) != NULL) {
        worker->job = find_job(workers);
        if (worker->job == NULL) {
            return;
        }
        int result = uv_queue_work(workers->loop, &worker->request, on_work, on_done);
        assert(result == 0); // fails only without a work function
        (void)result;
    }
}
