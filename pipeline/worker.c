#include "pipeline/worker.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/track/detectors.h"

struct worker {
    struct pipeline_workers *workers;
    struct pipeline_detectors detectors;
    pthread_t thread;
    bool has_thread;

    // Guarded by the pool's lock.
    pthread_cond_t wake;
    struct pipeline_job *job; // handed over, not begun; or NULL
    struct worker *next_idle;
};

struct pipeline_workers {
    struct pipeline_models models; // borrowed
    int count;
    pthread_mutex_t lock; // guards all below
    bool stopping;
    struct pipeline_job_source *sources; // a ring; the one that was served last, or NULL
    struct worker *idle;                 // those that sleep; the one that worked last is first
    struct worker workers[];
};

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

// The next job, or NULL when the pool stops. Sleeps while there is none.
static struct pipeline_job *take_job(struct worker *worker)
{
    struct pipeline_workers *workers = worker->workers;
    pthread_mutex_lock(&workers->lock);
    struct pipeline_job *job = find_job(workers);
    if (job == NULL && !workers->stopping) {
        worker->next_idle = workers->idle;
        workers->idle = worker;
        while (worker->job == NULL && !workers->stopping) {
            pthread_cond_wait(&worker->wake, &workers->lock);
        }
        job = worker->job;
        worker->job = NULL;
    }
    pthread_mutex_unlock(&workers->lock);
    return job;
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct pipeline_job *job;
    pthread_setname_np(pthread_self(), "worker");
    while ((job = take_job(worker)) != NULL) {
        job->work(job, &worker->detectors);
    }
    return NULL;
}

static bool start_worker(struct pipeline_workers *workers, struct worker *worker,
                         struct mc_error *err)
{
    worker->workers = workers;
    if (!pipeline_detectors_init(&worker->detectors, &workers->models, err)) {
        return false;
    }
    int result = pthread_create(&worker->thread, NULL, worker_main, worker);
    worker->has_thread = result == 0;
    return worker->has_thread ||
           mc_error_set(err, MC_ERROR_SYSTEM, result, "no thread for a worker: %s",
                        strerrordesc_np(result));
}

struct pipeline_workers *pipeline_workers_create(const struct pipeline_models *models, int count,
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
    workers->models = *models;
    workers->count = count;
    pthread_mutex_init(&workers->lock, NULL);
    for (int i = 0; i < count; i++) {
        pthread_cond_init(&workers->workers[i].wake, NULL);
    }
    for (int i = 0; i < count; i++) {
        if (!start_worker(workers, &workers->workers[i], err)) {
            pipeline_workers_destroy(workers);
            return NULL;
        }
    }
    return workers;
}

static void stop_threads(struct pipeline_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    for (int i = 0; i < workers->count; i++) {
        pthread_cond_signal(&workers->workers[i].wake);
    }
    pthread_mutex_unlock(&workers->lock);
    for (int i = 0; i < workers->count; i++) {
        if (workers->workers[i].has_thread) {
            pthread_join(workers->workers[i].thread, NULL);
        }
    }
}

void pipeline_workers_destroy(struct pipeline_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    assert(workers->sources == NULL);
    stop_threads(workers);
    for (int i = 0; i < workers->count; i++) {
        pipeline_detectors_finish(&workers->workers[i].detectors);
        pthread_cond_destroy(&workers->workers[i].wake);
    }
    pthread_mutex_destroy(&workers->lock);
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
    pthread_mutex_lock(&workers->lock);
    if (workers->sources == NULL) {
        source->after = source;
    } else {
        source->after = workers->sources->after;
        workers->sources->after = source;
    }
    workers->sources = source;
    pthread_mutex_unlock(&workers->lock);
}

void pipeline_workers_remove(struct pipeline_workers *workers, struct pipeline_job_source *source)
{
    pthread_mutex_lock(&workers->lock);
    struct pipeline_job_source *before = source;
    while (before->after != source) {
        before = before->after;
    }
    before->after = source->after;
    if (workers->sources == source) {
        workers->sources = before != source ? before : NULL;
    }
    pthread_mutex_unlock(&workers->lock);
}

// Hands a job to a worker that sleeps, and returns it; NULL without a job or such a worker.
static struct worker *hand_over(struct pipeline_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    struct worker *worker = workers->idle;
    if (worker != NULL) {
        worker->job = find_job(workers);
        if (worker->job != NULL) {
            workers->idle = worker->next_idle;
        } else {
            worker = NULL;
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return worker;
}

void pipeline_workers_kick(struct pipeline_workers *workers)
{
    struct worker *worker;
    while ((worker = hand_over(workers)) != NULL) {
        pthread_cond_signal(&worker->wake); // not before, or it would wait for the lock
    }
}

void pipeline_workers_lock(struct pipeline_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
}

void pipeline_workers_unlock(struct pipeline_workers *workers)
{
    pthread_mutex_unlock(&workers->lock);
}
