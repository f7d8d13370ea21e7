#include "pipeline/stop.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

void pipeline_stop_init(struct pipeline_stop *stop)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&stop->lock, NULL);
    pthread_cond_init(&stop->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_init(&stop->set, false);
}

void pipeline_stop_finish(struct pipeline_stop *stop)
{
    pthread_cond_destroy(&stop->changed);
    pthread_mutex_destroy(&stop->lock);
}

void pipeline_stop_set(struct pipeline_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    atomic_store(&stop->set, true);
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->lock);
}

bool pipeline_stop_is_set(struct pipeline_stop *stop)
{
    return atomic_load(&stop->set);
}

bool pipeline_stop_sleep_until(struct pipeline_stop *stop, int64_t until_ns)
{
    struct timespec until = { until_ns / MC_NS_PER_SECOND, until_ns % MC_NS_PER_SECOND };
    int result = 0;
    pthread_mutex_lock(&stop->lock);
    while (!atomic_load(&stop->set) && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&stop->changed, &stop->lock, &until);
    }
    bool set = atomic_load(&stop->set);
    pthread_mutex_unlock(&stop->lock);
    return !set;
}
