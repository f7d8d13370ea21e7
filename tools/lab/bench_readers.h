// Many well-behaved subscribers in one thread: they read at once, and measure the latency of each
// record and how many were missed.
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "protocol/policy.h"

struct lab_bench_readers;

struct lab_bench_counts {
    uint64_t records, missed;
    double p50_ms, p99_ms, most_ms; // from publishing to the read that returned it
};

// Connects count subscribers to path. Returns NULL and sets err on failure.
struct lab_bench_readers *lab_bench_readers_create(const char *path, int count,
                                                   enum protocol_encoding encoding,
                                                   struct mc_error *err) MC_MUST_USE;
void lab_bench_readers_destroy(struct lab_bench_readers *readers);

// Reads for that long; counts covers only that time.
bool lab_bench_readers_run(struct lab_bench_readers *readers, double seconds,
                           struct lab_bench_counts *counts, struct mc_error *err) MC_MUST_USE;
