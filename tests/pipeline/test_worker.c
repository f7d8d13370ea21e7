// The pool of workers, with jobs that only count.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/worker.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/" NN_MODEL_DEFAULT_FILE

enum { WORKERS = 2, SOURCES = 3, JOBS = 40 };

struct source {
    struct pipeline_job_source base; // first
    struct pipeline_job job;         // given again and again
    int index, left;                 // jobs to give
    bool busy;                       // one at a time, as streams that follow faces do
};

static struct nn_model *model;
static struct pipeline_workers *single, *several, *workers; // workers: those of the test
static struct source sources[SOURCES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards all below
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open, is_shared; // is_shared: detectors, by jobs that run at once
static int done_count, running, most_running;
static int order[SOURCES * JOBS];
static const struct pipeline_detectors *in_use[WORKERS];

static struct source *source_of(struct pipeline_job *job)
{
    return (struct source *)((char *)job - offsetof(struct source, job));
}

static struct pipeline_job *next(struct pipeline_job_source *base)
{
    struct source *source = (struct source *)base;
    if (source->left == 0 || source->busy) {
        return NULL;
    }
    source->left--;
    source->busy = true;
    return &source->job;
}

// Waits for the gate, so that jobs pile up behind it.
static void work(struct pipeline_job *job, const struct pipeline_detectors *detectors)
{
    struct source *source = source_of(job);
    pthread_mutex_lock(&lock);
    int place = 0;
    for (int i = 0; i < WORKERS; i++) {
        is_shared |= in_use[i] == detectors;
    }
    while (in_use[place] != NULL) {
        place++;
    }
    in_use[place] = detectors;
    most_running = ++running > most_running ? running : most_running;
    pthread_cond_broadcast(&changed);
    while (!gate_open) {
        pthread_cond_wait(&changed, &lock);
    }
    running--;
    in_use[place] = NULL;
    pthread_mutex_unlock(&lock);
    pipeline_workers_lock(workers);
    source->busy = false;
    pipeline_workers_unlock(workers);
    pthread_mutex_lock(&lock);
    order[done_count++] = source->index;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void open_gate(bool open)
{
    pthread_mutex_lock(&lock);
    gate_open = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_for(const int *value, int least)
{
    pthread_mutex_lock(&lock);
    while (*value < least) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void give(struct source *source, int count)
{
    pipeline_workers_lock(workers);
    source->left += count;
    pipeline_workers_unlock(workers);
}

static int set_up_with(struct pipeline_workers *pool)
{
    workers = pool;
    for (int i = 0; i < SOURCES; i++) {
        sources[i] = (struct source){ .base.next = next, .job.work = work, .index = i };
        pipeline_workers_add(workers, &sources[i].base);
    }
    gate_open = true;
    done_count = running = most_running = 0;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with(several);
}

static int set_up_single(void **state)
{
    (void)state;
    return set_up_with(single);
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        if (sources[i].base.after != NULL) {
            pipeline_workers_remove(workers, &sources[i].base);
        }
    }
    return 0;
}

static void *kick_from_elsewhere(void *unused)
{
    (void)unused;
    pipeline_workers_kick(workers);
    return NULL;
}

// As a capture thread does: there is no loop here that could help.
static void one_kick_is_enough_for_all_that_waits(void **state)
{
    (void)state;
    pthread_t thread;
    give(&sources[1], JOBS);
    assert_int_equal(pthread_create(&thread, NULL, kick_from_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    wait_for(&done_count, JOBS);
    assert_int_equal(done_count, JOBS);
}

static void as_many_jobs_run_at_once_as_there_are_workers(void **state)
{
    (void)state;
    open_gate(false);
    for (int i = 0; i < SOURCES; i++) {
        give(&sources[i], 1);
    }
    pipeline_workers_kick(workers);
    wait_for(&running, WORKERS);
    open_gate(true);
    wait_for(&done_count, SOURCES);
    assert_int_equal(most_running, WORKERS);
    assert_false(is_shared);
}

static void sources_are_served_in_turn(void **state)
{
    (void)state;
    open_gate(false);
    for (int i = 0; i < SOURCES; i++) {
        give(&sources[i], JOBS);
    }
    pipeline_workers_kick(workers);
    wait_for(&running, 1);
    open_gate(true);
    wait_for(&done_count, SOURCES * JOBS);
    for (int i = SOURCES; i < SOURCES * JOBS; i++) {
        assert_int_equal(order[i], order[i - SOURCES]);
    }
    assert_int_not_equal(order[0], order[1]);
    assert_int_not_equal(order[1], order[2]);
}

static void a_source_that_is_removed_is_not_asked(void **state)
{
    (void)state;
    pipeline_workers_remove(workers, &sources[2].base);
    sources[2].base.after = NULL;
    give(&sources[2], 1);
    give(&sources[0], JOBS);
    pipeline_workers_kick(workers);
    wait_for(&done_count, JOBS);
    assert_int_equal(sources[2].left, 1);
}

static int start(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    unsigned flags = 0;
    model = mc_cpu_flags(&flags, &err) ? nn_model_load(MODEL, flags, &err) : NULL;
    const struct pipeline_models models = { model, NULL, NULL };
    single = model == NULL ? NULL : pipeline_workers_create(&models, 1, &err);
    several = single == NULL ? NULL : pipeline_workers_create(&models, WORKERS, &err);
    if (several == NULL) {
        print_error("%s\n", err.message);
    }
    return several == NULL;
}

static int stop(void **state)
{
    (void)state;
    pipeline_workers_destroy(several);
    pipeline_workers_destroy(single);
    nn_model_destroy(model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_kick_is_enough_for_all_that_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(as_many_jobs_run_at_once_as_there_are_workers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(sources_are_served_in_turn, set_up_single, tear_down),
        cmocka_unit_test_setup_teardown(a_source_that_is_removed_is_not_asked, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
