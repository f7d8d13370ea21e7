// Two threads write the same key by compare-and-set, as two workers do that race for a stream.
// Usage: race_leases URL COUNT. Exits with 1 unless exactly one of them gets it each time.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/fleet/fleet_options.h"
#include "tools/fleet/store.h"

struct racer {
    struct fleet_store store;
    pthread_barrier_t *barrier;
    uint64_t expected, revision;
    enum fleet_result result;
    int count;
    const char *value;
};

// Between two barriers main looks at the results and sets what is expected next.
static void *race(void *user)
{
    struct racer *racer = user;
    for (int i = 0; i < racer->count; i++) {
        pthread_barrier_wait(racer->barrier);
        racer->result = fleet_store_write(&racer->store, "lease.race", racer->value,
                                          racer->expected, &racer->revision, NULL);
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

static int judge(struct racer racers[2], int count, pthread_barrier_t *barrier)
{
    int wins[2] = { 0 }, wrong = 0;
    uint64_t expected = 0;
    for (int i = 0; i < count; i++) {
        racers[0].expected = expected;
        racers[1].expected = expected;
        pthread_barrier_wait(barrier);
        pthread_barrier_wait(barrier);
        const bool first = racers[0].result == FLEET_WRITTEN;
        const bool second = racers[1].result == FLEET_WRITTEN;
        const uint64_t revision = racers[first ? 0 : 1].revision;
        wrong += first == second || revision <= expected ||
                 racers[first ? 1 : 0].result != FLEET_CONFLICT;
        wins[0] += first;
        wins[1] += second;
        expected = revision;
    }
    printf("%d races: %d and %d won, %d without exactly one winner\n", count, wins[0], wins[1],
           wrong);
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
    struct racer racers[2] = { { .value = "{\"worker\":\"\",\"to\":\"a\"}" },
                               { .value = "{\"worker\":\"\",\"to\":\"b\"}" } };
    struct fleet_broker *brokers[2];
    pthread_barrier_init(&barrier, NULL, 3);
    for (int i = 0; i < 2; i++) {
        brokers[i] = fleet_broker_start(
            &(struct fleet_broker_options){ .fleet = &fleet, .name = "race" }, &err);
        if (brokers[i] == NULL || !open_store(&racers[i], brokers[i])) {
            return EXIT_FAILURE;
        }
        racers[i].barrier = &barrier;
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
    }
    pthread_barrier_destroy(&barrier);
    return status;
}
