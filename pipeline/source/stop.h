// A flag that asks a thread to stop, and waits that end when it is set.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum pipeline_stop_wait {
    PIPELINE_STOP_READABLE,
    PIPELINE_STOP_SET,
    PIPELINE_STOP_TIMEOUT,
};

struct pipeline_stop {
    pthread_mutex_t lock; // so that no sleeper misses a set
    pthread_cond_t changed;
    atomic_bool set;
    int fd; // an eventfd: readable while set
};

// Returns false and sets err without a free file descriptor; finish it in any case.
bool pipeline_stop_init(struct pipeline_stop *stop, struct mc_error *err) MC_MUST_USE;
void pipeline_stop_finish(struct pipeline_stop *stop);

// Any thread.
void pipeline_stop_set(struct pipeline_stop *stop);

// Clears the flag. Thread: the one that was asked to stop.
void pipeline_stop_clear(struct pipeline_stop *stop);

// Waits until fd is readable, stop is set, or the monotonic time until_ns; returns
// which. An error of fd counts as readable: reading reports it. Any thread.
enum pipeline_stop_wait pipeline_stop_wait_readable(struct pipeline_stop *stop, int fd,
                                                    int64_t until_ns);

bool pipeline_stop_is_set(struct pipeline_stop *stop);

// Sleeps until the monotonic time until_ns. Returns false when stop was set before.
// Any thread.
bool pipeline_stop_sleep_until(struct pipeline_stop *stop, int64_t until_ns);
