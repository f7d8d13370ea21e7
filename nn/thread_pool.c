#include "nn/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "nn/compiler/program.h"

// How often a waiting thread spins before it yields: about 50 microseconds.
enum { SPINS = 2000 };

struct worker {
    struct nn_thread_pool *pool;
    int part;
    pthread_t thread;
};

struct nn_thread_pool {
    int count;
    struct worker workers[NN_THREADS_MAX]; // [0] is the caller
    int started;

    pthread_mutex_t lock; // guards the fields below, up to the blank line
    pthread_cond_t wake;
    unsigned long run; // counts runs; a change starts the workers
    bool stop;
    const struct nn_program *program;
    float *arena;

    atomic_int arrived;    // threads at the end of the current step
    atomic_uint step_done; // counts steps that all threads have finished
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); // waits some ten cycles; "yield" does nothing on most processors
#endif
}

// Returns once all threads have called it.
static void barrier(struct nn_thread_pool *pool)
{
    unsigned step = atomic_load_explicit(&pool->step_done, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel) == pool->count - 1) {
        atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&pool->step_done, step + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&pool->step_done, memory_order_acquire) == step;
         spins++) {
        if (spins < SPINS) {
            relax();
        } else {
            sched_yield();
        }
    }
}

// Runs one part of every step. Unless NULL, ends_ns receives the time at which each ended.
static void run_part(struct nn_thread_pool *pool, const struct nn_program *program, float *arena,
                     int part, int64_t *ends_ns)
{
    for (int i = 0; i < program->step_count; i++) {
        nn_program_run_step(program, &program->steps[i], arena, part, pool->count);
        barrier(pool);
        if (ends_ns != NULL) {
            ends_ns[i] = mc_clock_now_ns();
        }
    }
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    struct nn_thread_pool *pool = worker->pool;
    unsigned long done = 0;
    for (;;) {
        pthread_mutex_lock(&pool->lock);
        while (pool->run == done && !pool->stop) {
            pthread_cond_wait(&pool->wake, &pool->lock);
        }
        done = pool->run;
        bool stop = pool->stop;
        const struct nn_program *program = pool->program;
        float *arena = pool->arena;
        pthread_mutex_unlock(&pool->lock);
        if (stop) {
            return NULL;
        }
        run_part(pool, program, arena, worker->part, NULL);
    }
}

// Blocks all signals in the new thread; the process's other threads handle them.
static int start(struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&worker->thread, NULL, run_worker, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

struct nn_thread_pool *nn_thread_pool_create(int count, struct mc_error *err)
{
    if (count < 1 || count > NN_THREADS_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "threads: must be 1 to %d, got %d", NN_THREADS_MAX,
                     count);
        return NULL;
    }
    struct nn_thread_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a thread pool");
        return NULL;
    }
    pool->count = count;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int part = 1; part < count; part++) {
        struct worker *worker = &pool->workers[part];
        *worker = (struct worker){ .pool = pool, .part = part };
        int status = start(worker);
        if (status != 0) {
            mc_error_set(err, MC_ERROR_SYSTEM, status, "thread: %s", strerror(status));
            nn_thread_pool_destroy(pool);
            return NULL;
        }
        pool->started++;
    }
    return pool;
}

void nn_thread_pool_destroy(struct nn_thread_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int part = 1; part <= pool->started; part++) {
        pthread_join(pool->workers[part].thread, NULL);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static void wake_workers(struct nn_thread_pool *pool, const struct nn_program *program,
                         float *arena)
{
    pthread_mutex_lock(&pool->lock);
    pool->program = program;
    pool->arena = arena;
    pool->run++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

void nn_thread_pool_run(struct nn_thread_pool *pool, const struct nn_program *program, float *arena)
{
    wake_workers(pool, program, arena);
    run_part(pool, program, arena, 0, NULL);
}

void nn_thread_pool_measure(struct nn_thread_pool *pool, const struct nn_program *program,
                            float *arena, int64_t *step_ns)
{
    wake_workers(pool, program, arena);
    int64_t begin_ns = mc_clock_now_ns();
    run_part(pool, program, arena, 0, step_ns);
    for (int i = 0; i < program->step_count; i++) {
        const int64_t end_ns = step_ns[i];
        step_ns[i] = end_ns - begin_ns;
        begin_ns = end_ns;
    }
}
