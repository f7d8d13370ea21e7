#include "tests/fleet/simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

enum { KEYS_MAX = 2048, STREAMS_MAX = 512, LOG_MAX = 1 << 20 };

struct entry {
    char key[FLEET_KEY_BYTES];
    uint64_t revision;
    uint64_t before; // the revision before that
    int64_t changed_ms;
};

struct event { // one revision of the bucket
    char key[FLEET_KEY_BYTES];
    char *value;
    int64_t time_ms;
};

enum phase { FREE, SENT, ANSWERED };

struct flight {
    enum phase phase;
    struct fleet_write write;
    enum fleet_result result;
    uint64_t revision;
    int64_t arrive_ms; // at the broker, then at the worker
};

struct worker {
    struct fleet_member member;
    struct simulation *simulation;
    bool is_alive, is_stopped, is_cut;
    int64_t offset_ns;
    double rate;
    int64_t tick_ms;
    int seen;   // events
    int lag_ms; // of the watch
    int sessions;
    struct flight flights[SIMULATION_WRITES_MAX];
};

struct simulation {
    struct simulation_options options;
    uint64_t state;
    int64_t now_ms;
    bool is_halted;
    struct entry keys[KEYS_MAX];
    int key_count;
    struct event *log;
    int log_count;
    struct worker workers[SIMULATION_WORKERS_MAX];
    uint64_t fences[STREAMS_MAX]; // the highest published
    int publishers[STREAMS_MAX];  // the last one; -1: none yet
    bool is_published[STREAMS_MAX];
    uint64_t moves, published, steps;
};

int simulation_random(struct simulation *simulation, int below)
{
    simulation->state ^= simulation->state << 13;
    simulation->state ^= simulation->state >> 7;
    simulation->state ^= simulation->state << 17;
    return below <= 0 ? 0 : (int)(simulation->state % (uint64_t)below);
}

static int64_t clock_of(const struct worker *worker)
{
    return worker->offset_ns +
           (int64_t)((double)worker->simulation->now_ms * MC_NS_PER_MS * worker->rate);
}

// ---- the bucket

static struct entry *find_entry(struct simulation *simulation, const char *key)
{
    for (int i = 0; i < simulation->key_count; i++) {
        if (strcmp(simulation->keys[i].key, key) == 0) {
            return &simulation->keys[i];
        }
    }
    assert_true(simulation->key_count < KEYS_MAX);
    struct entry *entry = &simulation->keys[simulation->key_count++];
    snprintf(entry->key, sizeof entry->key, "%s", key);
    return entry;
}

static uint64_t append(struct simulation *simulation, const char *key, const char *value)
{
    assert_true(simulation->log_count < LOG_MAX);
    struct event *event = &simulation->log[simulation->log_count++];
    snprintf(event->key, sizeof event->key, "%s", key);
    event->value = value == NULL ? NULL : strdup(value);
    event->time_ms = simulation->now_ms;
    struct entry *entry = find_entry(simulation, key);
    entry->before = entry->revision;
    entry->changed_ms = simulation->now_ms;
    return entry->revision = (uint64_t)simulation->log_count;
}

void simulation_put(struct simulation *simulation, const char *key, const char *json)
{
    append(simulation, key, json);
}

void simulation_define(struct simulation *simulation, const char *name, const char *json)
{
    char key[FLEET_KEY_BYTES];
    snprintf(key, sizeof key, "stream.%s", name);
    append(simulation, key, json);
}

static bool write_to_bucket(void *user, const struct fleet_write *write)
{
    struct worker *worker = user;
    for (int i = 0; i < SIMULATION_WRITES_MAX; i++) {
        struct flight *flight = &worker->flights[i];
        if (flight->phase == FREE) {
            flight->phase = SENT;
            flight->write = *write;
            flight->result = FLEET_UNKNOWN;
            flight->arrive_ms =
                worker->simulation->now_ms +
                simulation_random(worker->simulation, worker->simulation->options.delay_max_ms + 1);
            return true;
        }
    }
    return false;
}

// At the broker: compare and set. While it or the way to it is down, nothing arrives, but what is
// under way may yet arrive later.
static void arrive(struct worker *worker, struct flight *flight)
{
    struct simulation *simulation = worker->simulation;
    const bool is_reachable = !simulation->is_halted && !worker->is_cut;
    if (is_reachable && flight->result == FLEET_UNKNOWN && flight->revision == 0) {
        struct entry *entry = find_entry(simulation, flight->write.key);
        const bool is_loose = entry->before == flight->write.expected &&
                              simulation->now_ms - entry->changed_ms < simulation->options.loose_ms;
        if (entry->revision == flight->write.expected || is_loose) {
            flight->revision = append(simulation, flight->write.key, flight->write.value);
            flight->result = FLEET_WRITTEN;
        } else {
            flight->result = FLEET_CONFLICT;
        }
        if (simulation_random(simulation, 100) < simulation->options.lost_percent) {
            flight->result = FLEET_UNKNOWN;
        }
    }
    flight->phase = ANSWERED;
    flight->arrive_ms = simulation->now_ms +
                        (flight->result == FLEET_UNKNOWN
                             ? FLEET_WRITE_MS
                             : simulation_random(simulation, simulation->options.delay_max_ms + 1));
}

static void fly(struct worker *worker)
{
    for (int i = 0; i < SIMULATION_WRITES_MAX; i++) {
        struct flight *flight = &worker->flights[i];
        if (flight->phase == FREE || worker->simulation->now_ms < flight->arrive_ms) {
            continue;
        }
        if (flight->phase == SENT) {
            arrive(worker, flight);
        } else if (!worker->is_alive) {
            flight->phase = FREE;
        } else if (!worker->is_stopped) {
            const struct flight done = *flight;
            memset(flight, 0, sizeof *flight);
            fleet_member_answer(&worker->member, &done.write, done.result, done.revision,
                                clock_of(worker));
        }
    }
}

// ---- workers

static void watch(struct worker *worker)
{
    struct simulation *simulation = worker->simulation;
    while (!worker->is_cut && !simulation->is_halted && worker->seen < simulation->log_count &&
           simulation->log[worker->seen].time_ms + worker->lag_ms <= simulation->now_ms) {
        const struct event *event = &simulation->log[worker->seen++];
        fleet_member_see(&worker->member, event->key, (uint64_t)worker->seen, event->value,
                         event->value == NULL ? 0 : strlen(event->value), clock_of(worker));
    }
    if (worker->seen == simulation->log_count) {
        fleet_member_complete(&worker->member, clock_of(worker));
    }
}

static void run_worker(struct worker *worker)
{
    fly(worker);
    if (!worker->is_alive || worker->is_stopped) {
        return;
    }
    watch(worker);
    if (worker->simulation->now_ms >= worker->tick_ms) {
        char session[FLEET_SESSION_BYTES];
        snprintf(session, sizeof session, "%d-%d", (int)(worker - worker->simulation->workers),
                 worker->sessions++);
        fleet_member_tick(&worker->member, session, clock_of(worker));
        worker->tick_ms = worker->simulation->now_ms + FLEET_TICK_MS;
    }
}

void simulation_start(struct simulation *simulation, int index)
{
    struct worker *worker = &simulation->workers[index];
    struct fleet_member_options options = { .write = write_to_bucket, .user = worker };
    snprintf(options.name, sizeof options.name, "w%d", index);
    snprintf(options.labels.items[0], FLEET_LABEL_BYTES, "room=%d", index);
    options.labels.count = 1;
    fleet_member_finish(&worker->member);
    fleet_member_init(&worker->member, &options);
    fleet_member_restart(&worker->member, 7 * MC_NS_PER_SECOND);
    fleet_member_return(&worker->member);
    worker->member.capacity = simulation->options.capacity;
    worker->is_alive = true;
    worker->is_stopped = false;
    worker->seen = 0;
}

struct simulation *simulation_create(const struct simulation_options *options)
{
    struct simulation *simulation = calloc(1, sizeof *simulation);
    assert_non_null(simulation);
    simulation->options = *options;
    simulation->state = options->seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    simulation->log = calloc(LOG_MAX, sizeof *simulation->log);
    assert_non_null(simulation->log);
    for (int i = 0; i < options->streams; i++) {
        char name[FLEET_NAME_BYTES];
        snprintf(name, sizeof name, "s%03d", i);
        simulation_define(simulation, name, "{\"options\":{\"url\":\"demo:\"}}");
        simulation->publishers[i] = -1;
    }
    for (int i = 0; i < options->workers; i++) {
        struct worker *worker = &simulation->workers[i];
        worker->simulation = simulation;
        worker->rate = 1;
        worker->offset_ns = MC_NS_PER_SECOND;
        worker->lag_ms = simulation_random(simulation, options->delay_max_ms + 1);
        if (options->has_skewed_clocks) {
            worker->offset_ns = simulation_random(simulation, 1000000) * MC_NS_PER_SECOND;
            worker->rate = 0.9995 + simulation_random(simulation, 1000) * 1e-6;
        }
        simulation_start(simulation, i);
    }
    return simulation;
}

void simulation_destroy(struct simulation *simulation)
{
    for (int i = 0; i < SIMULATION_WORKERS_MAX; i++) {
        fleet_member_finish(&simulation->workers[i].member);
    }
    for (int i = 0; i < simulation->log_count; i++) {
        free(simulation->log[i].value);
    }
    free(simulation->log);
    free(simulation);
}

void simulation_kill(struct simulation *simulation, int worker)
{
    simulation->workers[worker].is_alive = false;
}

void simulation_stop(struct simulation *simulation, int worker)
{
    simulation->workers[worker].is_stopped = true;
}

void simulation_wake(struct simulation *simulation, int worker)
{
    simulation->workers[worker].is_stopped = false;
}

void simulation_cut(struct simulation *simulation, int worker, bool is_cut)
{
    simulation->workers[worker].is_cut = is_cut;
}

void simulation_calm(struct simulation *simulation)
{
    simulation->options.delay_max_ms = 20;
    simulation->options.lost_percent = 0;
    for (int i = 0; i < SIMULATION_WORKERS_MAX; i++) {
        simulation->workers[i].lag_ms = 20;
    }
}

void simulation_halt_broker(struct simulation *simulation, bool is_halted)
{
    simulation->is_halted = is_halted;
}

struct fleet_member *simulation_member(struct simulation *simulation, int worker)
{
    return &simulation->workers[worker].member;
}

int64_t simulation_clock(const struct simulation *simulation, int worker)
{
    return clock_of(&simulation->workers[worker]);
}

// ---- what subscribers would get

static void publish(struct simulation *simulation)
{
    memset(simulation->is_published, 0, sizeof simulation->is_published);
    for (int i = 0; i < simulation->options.workers; i++) {
        const struct worker *worker = &simulation->workers[i];
        for (int s = 0; worker->is_alive && !worker->is_stopped && s < simulation->options.streams;
             s++) {
            char name[FLEET_NAME_BYTES];
            snprintf(name, sizeof name, "s%03d", s);
            const struct fleet_stream *stream = fleet_roster_stream(&worker->member.roster, name);
            const uint64_t fence =
                stream == NULL ? 0 : fleet_member_fence(&worker->member, stream, clock_of(worker));
            if (fence == 0) {
                continue;
            }
            assert_false(simulation->is_published[s]); // two owners at one time
            assert_true(fence >= simulation->fences[s]);
            assert_true(fence > simulation->fences[s] || simulation->publishers[s] == i);
            simulation->moves += simulation->publishers[s] >= 0 && simulation->publishers[s] != i;
            simulation->fences[s] = fence;
            simulation->publishers[s] = i;
            simulation->is_published[s] = true;
            simulation->published++;
        }
    }
    simulation->steps++;
}

void simulation_run(struct simulation *simulation, int ms)
{
    const int64_t end_ms = simulation->now_ms + ms;
    while (simulation->now_ms < end_ms) {
        simulation->now_ms += SIMULATION_STEP_MS;
        for (int i = 0; i < simulation->options.workers; i++) {
            run_worker(&simulation->workers[i]);
        }
        publish(simulation);
    }
}

int simulation_published(struct simulation *simulation)
{
    int published = 0;
    for (int i = 0; i < simulation->options.streams; i++) {
        published += simulation->is_published[i];
    }
    return published;
}

double simulation_availability(const struct simulation *simulation)
{
    return (double)simulation->published /
           ((double)simulation->steps * simulation->options.streams);
}

void simulation_reset(struct simulation *simulation)
{
    simulation->published = 0;
    simulation->steps = 0;
    simulation->moves = 0;
}

uint64_t simulation_moves(const struct simulation *simulation)
{
    return simulation->moves;
}
