// A fleet's bucket in JetStream's key-value store, for one thread that may wait: opening it,
// reading all of it, and writing by compare-and-set. bucket.h puts threads in front of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <nats/nats.h>

#include "base/error.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/lease.h"
#include "tools/fleet/roster.h"

enum {
    FLEET_STORE_BYTES = 96,     // of a bucket's name
    FLEET_STORE_REPLICAS = 3,   // in a cluster, unless told otherwise
    FLEET_STORE_HISTORY = 8,    // entries of a key, so that no reader misses those that raced
    FLEET_STORE_READ_MS = 3000, // to read all of it
};

struct fleet_store {
    char name[FLEET_STORE_BYTES];
    jsCtx *context;
    kvStore *bucket;
    int64_t created_ns; // when it was made, by the broker's clock; tells it from another one
    int64_t newest_ns;  // when the newest entry that was read was written, by the same clock
};

// Writes the name of a site's bucket. Returns false when the site's name does not allow one.
bool fleet_store_name(char name[FLEET_STORE_BYTES], const char *site, struct mc_error *err);

// Opens the bucket, and makes it where there is none.
//   replicas  of a new one; 0: FLEET_STORE_REPLICAS in a cluster, else 1
// Returns false and sets err when there is no connection, or the broker refuses. Close it either
// way.
bool fleet_store_open(struct fleet_store *store, struct fleet_broker *broker, const char *name,
                      int replicas, struct mc_error *err) MC_MUST_USE;
void fleet_store_close(struct fleet_store *store);

// Writes the value when the key has the expected revision; 0: when it was never written. Waits
// FLEET_WRITE_MS at most. detail gets what the broker said, when that was neither yes nor a
// conflict.
enum fleet_result fleet_store_write(struct fleet_store *store, const char *key, const char *value,
                                    uint64_t expected, uint64_t *revision, struct mc_error *detail);

// Reads all entries, with the times when they were written: nothing is compared with this machine's
// clock. The roster need not be empty.
bool fleet_store_read(struct fleet_store *store, struct fleet_roster *roster,
                      struct mc_error *err) MC_MUST_USE;

// Asks what time it is by the clock that the times of entries are of, ns. Returns false and sets
// err when the broker does not say.
bool fleet_store_ask_time(struct fleet_store *store, int64_t *now_ns,
                          struct mc_error *err) MC_MUST_USE;
