// A team: threads that run one program together, each a share of every step's
// rows. For the latency of a single stream; for throughput, more runners with a
// thread each are better.
//
// Between steps the members wait for each other by spinning, since a step takes
// tens of microseconds, and give way to other processes when that lasts. Between
// runs they sleep. On a machine whose cores are busy otherwise, a team is slower
// than one thread.
#pragma once

#include <stdint.h>

#include "base/error.h"

struct nn_program;
struct nn_thread_pool;

enum { NN_TEAM_MAX = 16 };

// count threads, the caller's included: starts count - 1. NULL and err on failure.
struct nn_thread_pool *nn_thread_pool_create(int count, struct mc_error *err) MC_MUST_USE;
void nn_thread_pool_destroy(struct nn_thread_pool *team);

int nn_thread_pool_count(const struct nn_thread_pool *team);

// As nn_program_run, by all members. The arena must have room for the scratch
// of each. Thread: always the same one.
void nn_thread_pool_run(struct nn_thread_pool *team, const struct nn_program *program,
                        float *arena);

// The same, and writes how long each step took, the wait for the last member
// included, into step_ns: one for each step.
void nn_thread_pool_measure(struct nn_thread_pool *team, const struct nn_program *program,
                            float *arena, int64_t *step_ns);
