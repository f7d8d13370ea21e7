// Records and states over MQTT, for home automation.
//
// A thread connects and reconnects. Records go with QoS 0 and are lost while more than a few wait
// for the broker; states go with QoS 1, retained, when they change, and wait in a queue with room
// for all streams. The last will says that this publisher is gone. Home Assistant finds the streams
// by itself. Where another machine publishes a stream, too, see retained.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tools/fleet/report.h"

struct fleet_mqtt;
struct fleet_options;
struct protocol_record;

struct fleet_mqtt_options {
    const char *url; // mqtt://HOST[:PORT] or mqtts://…, with or without USER:PASSWORD@; borrowed
    const char *login;                 // file with USER:PASSWORD; NULL: none
    const struct fleet_options *fleet; // its certificates; borrowed
    const char *site, *machine;        // borrowed
    const char *discovery;             // Home Assistant's prefix; "": no discovery. Borrowed
};

// Connects, in the background if the broker is not there yet. Returns NULL and sets err when that
// can never succeed. Free with fleet_mqtt_stop.
struct fleet_mqtt *fleet_mqtt_start(const struct fleet_mqtt_options *options,
                                    struct mc_error *err) MC_MUST_USE;

// Says that the publisher is offline, and disconnects once the broker has taken that and all before
// it, after 2 s at the latest; then it logs that it has not. NULL does nothing.
void fleet_mqtt_stop(struct fleet_mqtt *mqtt);

// The rest is for one thread, always the same.

// Returns false when the record is lost.
bool fleet_mqtt_record(struct fleet_mqtt *mqtt, const char *stream, const char *bytes,
                       size_t length);

// Sends the report if it is news, and after each reconnect; what cannot be sent now, with the next
// call. While the stream is not live, its presence is OFF: what was seen last is no news. Not while
// it is another machine's that has spoken last. What another has removed is sent again.
void fleet_mqtt_state(struct fleet_mqtt *mqtt, const char *stream, bool is_live, const char *text,
                      size_t length);

// The stream is gone: so will be all that the broker and Home Assistant keep of it, unless another
// machine has spoken last. What cannot be sent now goes out with fleet_mqtt_retry_removals.
void fleet_mqtt_remove(struct fleet_mqtt *mqtt, const char *stream);

// Sends what is left to remove; to be called every few seconds.
void fleet_mqtt_retry_removals(struct fleet_mqtt *mqtt);

void fleet_mqtt_stats(struct fleet_mqtt *mqtt, const struct fleet_stats_report *stats,
                      const char *text, size_t length);

// Takes the slow values of a record: presence, how many faces, where the first one turns. They go
// out when a face comes, and otherwise once a second at most, if they have changed.
void fleet_mqtt_watch(struct fleet_mqtt *mqtt, const struct protocol_record *record);
