// A flag that asks a thread to stop, and a sleep that ends when it is set.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum pipeline_stop_wait {
    PIPELINE_STOP_READABLE,
    PIPELINE_STOP_SET,
    PIPELINE_STOP_TIMEOUT,
};

struct pipeline_stop {
    pthread_mutex_t lock; // orders set with the sleepers
    pthread_cond_t changed;
    atomic_bool set;
    int fd; // an eventfd: readable while set; -1 when the system has none left
};

void pipeline_stop_init(struct pipeline_stop *stop);
void pipeline_stop_finish(struct pipeline_stop *stop);

// Any thread.
void pipeline_stop_set(struct pipeline_stop *stop);

// Takes it back. Thread: the one that was asked to stop.
void pipeline_stop_clear(struct pipeline_stop *stop);

// Waits until fd is readable, stop is set or the monotonic time has come. Says
// which; errors of fd count as readable: reading tells them. Any thread.
enum pipeline_stop_wait pipeline_stop_wait_readable(struct pipeline_stop *stop, int fd,
                                                    int64_t until_ns);

bool pipeline_stop_is_set(struct pipeline_stop *stop);

// Sleeps until the monotonic time, or less when stop is set. Returns false in
// that case. Any thread.
bool pipeline_stop_sleep_until(struct pipeline_stop *stop, int64_t until_ns);
