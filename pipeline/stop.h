// A flag that asks a thread to stop, and a sleep that ends when it is set.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pipeline_stop {
    pthread_mutex_t lock; // orders set with the sleepers
    pthread_cond_t changed;
    atomic_bool set;
};

void pipeline_stop_init(struct pipeline_stop *stop);
void pipeline_stop_finish(struct pipeline_stop *stop);

// Any thread.
void pipeline_stop_set(struct pipeline_stop *stop);
bool pipeline_stop_is_set(struct pipeline_stop *stop);

// Sleeps until the monotonic time, or less when stop is set. Returns false in
// that case. Any thread.
bool pipeline_stop_sleep_until(struct pipeline_stop *stop, int64_t until_ns);
