#include "nn/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "nn/compiler/program.h"

// How often a waiting member looks before it gives way: some 50 microseconds.
enum { SPINS = 2000 };

struct member {
    struct nn_thread_pool *team;
    int part;
    pthread_t thread;
};

struct nn_thread_pool {
    int count;
    struct member members[NN_TEAM_MAX]; // [0] is the caller
    int started;

    pthread_mutex_t lock; // guards the fields up to the blank line
    pthread_cond_t wake;
    unsigned long run; // counts runs; a change starts the members
    bool stop;
    const struct nn_program *program;
    float *arena;

    atomic_int arrived;    // members at the end of the current step
    atomic_uint step_done; // counts steps that all have finished
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// Returns when all members have called it.
static void barrier(struct nn_thread_pool *team)
{
    unsigned step = atomic_load_explicit(&team->step_done, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == team->count - 1) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->step_done, step + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&team->step_done, memory_order_acquire) == step;
         spins++) {
        if (spins < SPINS) {
            relax();
        } else {
            sched_yield();
        }
    }
}

// The end of each step goes to ends_ns, if there is any.
static void run_part(struct nn_thread_pool *team, const struct nn_program *program, float *arena,
                     int part, int64_t *ends_ns)
{
    for (int i = 0; i < program->step_count; i++) {
        nn_program_run_step(program, &program->steps[i], arena, part, team->count);
        barrier(team);
        if (ends_ns != NULL) {
            ends_ns[i] = mc_clock_now_ns();
        }
    }
}

static void *work(void *argument)
{
    struct member *member = argument;
    struct nn_thread_pool *team = member->team;
    unsigned long done = 0;
    for (;;) {
        pthread_mutex_lock(&team->lock);
        while (team->run == done && !team->stop) {
            pthread_cond_wait(&team->wake, &team->lock);
        }
        done = team->run;
        bool stop = team->stop;
        const struct nn_program *program = team->program;
        float *arena = team->arena;
        pthread_mutex_unlock(&team->lock);
        if (stop) {
            return NULL;
        }
        run_part(team, program, arena, member->part, NULL);
    }
}

// Signals are for the process's other threads.
static int start(struct member *member)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&member->thread, NULL, work, member);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

struct nn_thread_pool *nn_thread_pool_create(int count, struct mc_error *err)
{
    if (count < 1 || count > NN_TEAM_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%d threads: wants 1 to %d", count, NN_TEAM_MAX);
        return NULL;
    }
    struct nn_thread_pool *team = calloc(1, sizeof *team);
    if (team == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a team");
        return NULL;
    }
    team->count = count;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->wake, NULL);
    for (int part = 1; part < count; part++) {
        struct member *member = &team->members[part];
        *member = (struct member){ .team = team, .part = part };
        int status = start(member);
        if (status != 0) {
            mc_error_set(err, MC_ERROR_SYSTEM, status, "thread: %s", strerror(status));
            nn_thread_pool_destroy(team);
            return NULL;
        }
        team->started++;
    }
    return team;
}

void nn_thread_pool_destroy(struct nn_thread_pool *team)
{
    if (team == NULL) {
        return;
    }
    pthread_mutex_lock(&team->lock);
    team->stop = true;
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->lock);
    for (int part = 1; part <= team->started; part++) {
        pthread_join(team->members[part].thread, NULL);
    }
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->lock);
    free(team);
}

int nn_thread_pool_count(const struct nn_thread_pool *team)
{
    return team->count;
}

static void wake_members(struct nn_thread_pool *team, const struct nn_program *program,
                         float *arena)
{
    pthread_mutex_lock(&team->lock);
    team->program = program;
    team->arena = arena;
    team->run++;
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->lock);
}

void nn_thread_pool_run(struct nn_thread_pool *team, const struct nn_program *program, float *arena)
{
    wake_members(team, program, arena);
    run_part(team, program, arena, 0, NULL);
}

void nn_thread_pool_measure(struct nn_thread_pool *team, const struct nn_program *program,
                            float *arena, int64_t *step_ns)
{
    wake_members(team, program, arena);
    int64_t begin_ns = mc_clock_now_ns();
    run_part(team, program, arena, 0, step_ns);
    for (int i = 0; i < program->step_count; i++) {
        const int64_t end_ns = step_ns[i];
        step_ns[i] = end_ns - begin_ns;
        begin_ns = end_ns;
    }
}
