// A server of made-up records in a process of its own, to be measured from outside.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct lab_latencies;

struct lab_bench_server {
    pid_t pid;
    clockid_t cpu_clock; // its processor time
    // From a record to its last write; shared with the process.
    struct lab_latencies *fan_outs;
};

// Starts one that listens at path and publishes rate records per second of one face with
// 68 keypoints, pose and shapes. It ends with lab_bench_server_stop.
bool lab_bench_server_start(struct lab_bench_server *server, const char *path, double rate,
                            struct mc_error *err) MC_MUST_USE;
void lab_bench_server_stop(struct lab_bench_server *server);

// The processor time it has used, ns; its resident memory, bytes.
int64_t lab_bench_server_cpu_ns(const struct lab_bench_server *server);
size_t lab_bench_server_memory(const struct lab_bench_server *server);
