// What mocap-fleet says of a stream beside its records: its state and its counts, as JSON.
//
//     {"type":"state","stream":"door","state":"live","reason":"","publisher":"hall-3","fence":7,
//      "repeated_ms":2000}
//
// The state is that of mocapd's protocol with further fields. It is published when it changes and
// repeated, so that subscribers that come later know it soon, and miss a publisher that is gone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/message.h"

enum {
    FLEET_REPORT_BYTES = 4096, // longer ones are not ours
    FLEET_PUBLISHER_BYTES = 64,
    FLEET_REPEAT_MS = 2000,       // between two reports of the same state
    FLEET_REPEAT_MAX_MS = 60000,  // the longest that is believed
    FLEET_REPEATS_UNTIL_GONE = 3, // without a report, the publisher is gone
};

struct fleet_state_report {
    char stream[PROTOCOL_NAME_BYTES];
    enum protocol_stream_state state;
    char reason[PROTOCOL_REASON_BYTES];
    char publisher[FLEET_PUBLISHER_BYTES]; // the machine
    uint64_t fence;                        // of its lease; 0: none
    int repeated_ms;                       // the next report comes after
};

struct fleet_stats_report {
    char stream[PROTOCOL_NAME_BYTES];
    char publisher[FLEET_PUBLISHER_BYTES];
    uint64_t records;   // published by mocapd
    uint64_t dropped;   // frames without a record
    uint64_t published; // records that were handed to the broker
    uint64_t refused;   // of these, those that it refused for lack of permission
    uint64_t lost;      // that were not handed to it: it was unreachable, or too slow
    uint64_t missed;    // that mocapd dropped because mocap-fleet was held up
    double rate;        // records published per second, lately
};

// Writes a line of JSON with a NUL behind it. Returns its length; 0 when out of memory.
size_t fleet_state_report_write(char text[FLEET_REPORT_BYTES],
                                const struct fleet_state_report *report);
size_t fleet_stats_report_write(char text[FLEET_REPORT_BYTES],
                                const struct fleet_stats_report *report);

// Reads what came from the broker: all is checked. An unknown state is OTHER.
bool fleet_state_report_read(struct fleet_state_report *report, const char *text, size_t length,
                             struct mc_error *err) MC_MUST_USE;
bool fleet_stats_report_read(struct fleet_stats_report *report, const char *text, size_t length,
                             struct mc_error *err) MC_MUST_USE;
