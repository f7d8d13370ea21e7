// The process behind a connection, as the kernel sees it: what its threads have used so far.
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

struct mocap_client;

enum { LAB_THREAD_KINDS_MAX = 32, LAB_THREAD_NAME_BYTES = 16 };

struct lab_daemon_process {
    pid_t pid;
    clockid_t clock; // of the processor time of all its threads
};

// All threads of one name: mocapd names them after what they do.
struct lab_thread_kind {
    char name[LAB_THREAD_NAME_BYTES];
    int64_t cpu_ns;   // processor time
    int64_t wake_ups; // times that one of them slept and was woken
};

struct lab_thread_usage {
    struct lab_thread_kind kinds[LAB_THREAD_KINDS_MAX];
    int count;
};

// Returns false and sets err on failure.
bool lab_daemon_process_find(struct lab_daemon_process *process, const struct mocap_client *client,
                             struct mc_error *err) MC_MUST_USE;

double lab_daemon_process_cpu_ms(const struct lab_daemon_process *process);
double lab_daemon_process_memory_mib(const struct lab_daemon_process *process);

// Threads that have ended are not in it. What the kernel does not tell counts as 0.
void lab_daemon_process_threads(const struct lab_daemon_process *process,
                                struct lab_thread_usage *usage);

// What the threads have used from before to after.
struct lab_thread_usage lab_thread_usage_since(const struct lab_thread_usage *before,
                                               const struct lab_thread_usage *after);
