// A thread pool that runs one program on several threads, each computing a share of every
// step's rows. It lowers the latency of a single stream; for throughput, several runners of
// one thread each are better.
//
// Between steps, which take tens of microseconds, threads wait for each other by spinning,
// and yield to other processes when that takes long. Between runs they sleep. On a machine
// whose cores are busy with other work, a pool is slower than one thread.
#pragma once

#include <stdint.h>

#include "base/error.h"

struct nn_program;
struct nn_thread_pool;

enum { NN_THREADS_MAX = 16 };

// A pool of count threads, the caller's included: starts count - 1. NULL and err on failure.
struct nn_thread_pool *nn_thread_pool_create(int count, struct mc_error *err) MC_MUST_USE;

// Joins the threads. NULL does nothing.
void nn_thread_pool_destroy(struct nn_thread_pool *pool);

// Runs the program on all threads; otherwise as nn_program_run. The arena must have room for
// each thread's scratch (see nn_program). Thread: always the same one.
void nn_thread_pool_run(struct nn_thread_pool *pool, const struct nn_program *program,
                        float *arena);

// The same, and writes each step's duration, including the wait for the slowest thread, to
// step_ns, which has room for one number per step.
void nn_thread_pool_measure(struct nn_thread_pool *pool, const struct nn_program *program,
                            float *arena, int64_t *step_ns);
