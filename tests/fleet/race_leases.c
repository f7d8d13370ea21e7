// Two threads write the same key by compare-and-set, as two workers do that race for a stream.
// Usage: race_leases URL COUNT. Exits with 1 unless exactly one of them owns it each time.
//
// With one server exactly one is told that it has written. A cluster may tell both so; each then
// writes once more, reads the bucket as workers do, and believes what it reads once it sees that
// write: they must agree.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/fleet/fleet_options.h"
#include "tools/fleet/store.h"

enum { ATTEMPTS = 50 };

struct racer {
    struct fleet_store store;
    pthread_barrier_t *barrier;
    uint64_t expected, revision;
    enum fleet_result result;
    int count;
    const char *value;
    bool reads;        // what became of it, in a cluster
    const char *after; // key of the write after it
    uint64_t after_revision;
    struct fleet_roster roster;
    uint64_t lease; // as read; 0: nothing was
    char owner[FLEET_NAME_BYTES];
};

// Reads until its own write after the race is seen: what raced lies before that.
static void read_back(struct racer *racer)
{
    struct mc_error err = { 0 };
    racer->lease = 0;
    enum fleet_result result = FLEET_UNKNOWN;
    for (int i = 0; i < ATTEMPTS && result != FLEET_WRITTEN; i++) {
        result = fleet_store_write(&racer->store, racer->after, racer->value, racer->after_revision,
                                   &racer->after_revision, NULL);
    }
    for (int i = 0; i < ATTEMPTS && racer->lease == 0; i++) {
        if (!fleet_store_read(&racer->store, &racer->roster, &err)) {
            continue;
        }
        const struct fleet_stream *after =
            fleet_roster_stream(&racer->roster, racer->after + strlen("lease."));
        const struct fleet_stream *race = fleet_roster_stream(&racer->roster, "race");
        if (after != NULL && after->lease >= racer->after_revision && race != NULL) {
            racer->lease = race->lease;
            snprintf(racer->owner, sizeof racer->owner, "%s", race->to);
        }
    }
}

// Between two barriers main looks at the results and sets what is expected next.
static void *race(void *user)
{
    struct racer *racer = user;
    for (int i = 0; i < racer->count; i++) {
        pthread_barrier_wait(racer->barrier);
        racer->result = fleet_store_write(&racer->store, "lease.race", racer->value,
                                          racer->expected, &racer->revision, NULL);
        if (racer->reads) {
            read_back(racer);
        }
        pthread_barrier_wait(racer->barrier);
    }
    return NULL;
}

static bool open_store(struct racer *racer, struct fleet_broker *broker)
{
    struct mc_error err = { 0 };
    for (int i = 0; i < 100; i++) {
        if (fleet_store_open(&racer->store, broker, "mocap_t", 0, &err)) {
            return true;
        }
        fleet_store_close(&racer->store);
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    }
    fprintf(stderr, "race_leases: %s\n", err.message);
    return false;
}

// One of them was told that it has written, and the other that it has not.
static bool is_told_to_one(const struct racer racers[2], uint64_t expected)
{
    const bool first = racers[0].result == FLEET_WRITTEN;
    return first != (racers[1].result == FLEET_WRITTEN) &&
           racers[first ? 1 : 0].result == FLEET_CONFLICT &&
           racers[first ? 0 : 1].revision > expected;
}

// Both have read the same owner, under a higher fence, who was not told that it has not written.
static bool is_read_by_both(const struct racer racers[2], uint64_t expected)
{
    const bool first = strcmp(racers[0].owner, "a") == 0;
    return racers[0].lease == racers[1].lease && racers[0].lease > expected &&
           strcmp(racers[0].owner, racers[1].owner) == 0 &&
           racers[first ? 0 : 1].result != FLEET_CONFLICT;
}

static int judge(struct racer racers[2], int count, pthread_barrier_t *barrier)
{
    int wins[2] = { 0 }, both = 0, wrong = 0;
    uint64_t expected = 0;
    for (int i = 0; i < count; i++) {
        racers[0].expected = expected;
        racers[1].expected = expected;
        pthread_barrier_wait(barrier);
        pthread_barrier_wait(barrier);
        const bool first = racers[0].result == FLEET_WRITTEN;
        const bool second = racers[1].result == FLEET_WRITTEN;
        wrong += racers[0].reads ? !is_read_by_both(racers, expected)
                                 : !is_told_to_one(racers, expected);
        both += first && second;
        wins[0] += racers[0].reads ? strcmp(racers[0].owner, "a") == 0 : first;
        wins[1] += racers[0].reads ? strcmp(racers[0].owner, "b") == 0 : second;
        expected = racers[0].reads ? racers[0].lease : racers[first ? 0 : 1].revision;
    }
    printf("%d races: %d and %d won, both were told so %d times, %d without exactly one owner\n",
           count, wins[0], wins[1], both, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    struct fleet_options fleet = fleet_options_default;
    fleet.nats = argv[1];
    struct mc_error err = { 0 };
    pthread_barrier_t barrier;
    pthread_t threads[2];
    const bool is_cluster = strchr(argv[1], ',') != NULL;
    struct racer racers[2] = {
        { .value = "{\"worker\":\"\",\"to\":\"a\"}", .after = "lease.after-a" },
        { .value = "{\"worker\":\"\",\"to\":\"b\"}", .after = "lease.after-b" }
    };
    struct fleet_broker *brokers[2];
    pthread_barrier_init(&barrier, NULL, 3);
    for (int i = 0; i < 2; i++) {
        brokers[i] = fleet_broker_start(
            &(struct fleet_broker_options){ .fleet = &fleet, .name = "race" }, &err);
        if (brokers[i] == NULL || !open_store(&racers[i], brokers[i])) {
            return EXIT_FAILURE;
        }
        racers[i].barrier = &barrier;
        racers[i].reads = is_cluster;
        racers[i].count = atoi(argv[2]);
    }
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, race, &racers[i]) != 0) {
            return EXIT_FAILURE;
        }
    }
    const int status = judge(racers, racers[0].count, &barrier);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        fleet_store_close(&racers[i].store);
        fleet_broker_stop(brokers[i]);
        fleet_roster_finish(&racers[i].roster);
    }
    pthread_barrier_destroy(&barrier);
    return status;
}
