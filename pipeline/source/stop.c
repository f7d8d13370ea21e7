#include "pipeline/source/stop.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/condition.h"

bool pipeline_stop_init(struct pipeline_stop *stop, struct mc_error *err)
{
    stop->fd = -1;
    pthread_mutex_init(&stop->lock, NULL);
    if (!mc_condition_init(&stop->changed)) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a stop flag");
    }
    atomic_init(&stop->set, false);
    stop->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return stop->fd >= 0 || mc_error_set_errno(err, "can't create an eventfd for a stop flag");
}

void pipeline_stop_finish(struct pipeline_stop *stop)
{
    if (stop->fd >= 0) {
        close(stop->fd);
    }
    pthread_cond_destroy(&stop->changed);
    pthread_mutex_destroy(&stop->lock);
}

void pipeline_stop_set(struct pipeline_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    atomic_store(&stop->set, true);
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->lock);
    eventfd_write(stop->fd, 1);
}

void pipeline_stop_clear(struct pipeline_stop *stop)
{
    eventfd_t count;
    eventfd_read(stop->fd, &count);
    atomic_store(&stop->set, false);
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

enum pipeline_stop_wait pipeline_stop_wait_readable(struct pipeline_stop *stop, int fd,
                                                    int64_t until_ns)
{
    for (;;) {
        int64_t left_ns = until_ns - mc_clock_now_ns();
        if (pipeline_stop_is_set(stop)) {
            return PIPELINE_STOP_SET;
        }
        if (left_ns <= 0) {
            return PIPELINE_STOP_TIMEOUT;
        }
        struct timespec left = { left_ns / MC_NS_PER_SECOND, left_ns % MC_NS_PER_SECOND };
        struct pollfd files[2] = { { .fd = fd, .events = POLLIN },
                                   { .fd = stop->fd, .events = POLLIN } };
        if (ppoll(files, 2, &left, NULL) > 0 && files[0].revents != 0) {
            return PIPELINE_STOP_READABLE;
        }
    }
}
