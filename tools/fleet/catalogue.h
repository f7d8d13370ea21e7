// One look at a fleet's bucket, and changes to it, for commands that do one thing and end.
#pragma once

#include <jansson.h>

#include "tools/fleet/fleet_options.h"
#include "tools/fleet/store.h"

struct fleet_catalogue {
    struct fleet_broker *broker;
    struct fleet_store store;
    struct fleet_roster roster;
};

enum { FLEET_CATALOGUE_MS = 5000 }; // to connect, and for the broker to have a leader

// Connects and reads everything. Closes on failure, which it complains of.
bool fleet_catalogue_open(struct fleet_catalogue *catalogue, const struct fleet_options *options,
                          int replicas) MC_MUST_USE;
void fleet_catalogue_close(struct fleet_catalogue *catalogue);

// Writes the definition of a stream, and puts it into the roster; NULL: removes it, whatever it is
// by now, from the bucket alone. Complains and returns false when that fails; a write fails, too,
// when somebody else changed the definition meanwhile.
bool fleet_catalogue_define(struct fleet_catalogue *catalogue, const char *name,
                            const json_t *definition) MC_MUST_USE;

// The definition of a stream that the roster has, to be changed. NULL: out of memory.
json_t *fleet_catalogue_definition(const struct fleet_stream *stream);
