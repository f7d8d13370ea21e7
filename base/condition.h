// Condition variables that wait by the monotonic clock; POSIX's default is the time of day, which
// may jump.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/compiler.h"

// Returns false when out of memory. Ends with pthread_cond_destroy.
bool mc_condition_init(pthread_cond_t *condition) MC_MUST_USE;

// The time ms milliseconds from now, for pthread_cond_timedwait on such a condition. Any thread.
struct timespec mc_condition_deadline(int ms);
