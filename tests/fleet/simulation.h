// A fleet of simulated workers (tools/fleet/member.h) and a bucket that answers as a broker does,
// in simulated time: writes and answers take time or get lost, clocks differ, workers hang, are
// killed and cut off. Whatever happens follows from the seed.
#pragma once

#include "tools/fleet/member.h"

enum {
    SIMULATION_WORKERS_MAX = 12,
    SIMULATION_STEP_MS = 10,
    SIMULATION_WRITES_MAX = 64, // under way, of one worker
};

struct simulation;

struct simulation_options {
    uint64_t seed;
    int workers, streams, capacity;
    int delay_max_ms;       // of a write, and again of its answer
    int lost_percent;       // of answers
    int loose_ms;           // within which of two writes that expect the same, both are written
    bool has_skewed_clocks; // other zeros, and rates that differ by a thousandth
};

struct simulation *simulation_create(const struct simulation_options *options);
void simulation_destroy(struct simulation *simulation);

// Lets time pass, and checks at each step that no stream is published by two workers and that no
// fence falls.
void simulation_run(struct simulation *simulation, int ms);

void simulation_kill(struct simulation *simulation, int worker);
void simulation_start(struct simulation *simulation, int worker); // with a new process
void simulation_stop(struct simulation *simulation, int worker);  // as SIGSTOP does
void simulation_wake(struct simulation *simulation, int worker);
void simulation_cut(struct simulation *simulation, int worker, bool is_cut); // from the broker
void simulation_calm(struct simulation *simulation); // short delays, and nothing gets lost
void simulation_halt_broker(struct simulation *simulation, bool is_halted);

// Writes an entry as somebody else would, whatever is there.
void simulation_put(struct simulation *simulation, const char *key, const char *json);

// Adds the definition of a stream, or removes it when options is NULL.
void simulation_define(struct simulation *simulation, const char *name, const char *json);

struct fleet_member *simulation_member(struct simulation *simulation, int worker);
int64_t simulation_clock(const struct simulation *simulation, int worker); // its time, ns
int simulation_random(struct simulation *simulation, int below);

// How many streams are published now.
int simulation_published(struct simulation *simulation);

// Of all the time of all streams, the part in which they were published since the last reset.
double simulation_availability(const struct simulation *simulation);
void simulation_reset(struct simulation *simulation);

// How often a stream was published by another worker than before.
uint64_t simulation_moves(const struct simulation *simulation);
