// A stream of the local mocapd as it goes out to the brokers: its subjects, its state, its counts.
//
// Nothing goes out while the publisher's may_publish says no. Thread: the publisher's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/fleet/report.h"
#include "tools/fleet/subjects.h"

struct fleet_publisher_options;

struct fleet_published_stream {
    const struct fleet_publisher_options *options; // borrowed
    char name[PROTOCOL_NAME_BYTES];
    char record_subject[FLEET_SUBJECT_BYTES], json_subject[FLEET_SUBJECT_BYTES];
    char state_subject[FLEET_SUBJECT_BYTES], stats_subject[FLEET_SUBJECT_BYTES];
    struct fleet_state_report state;
    struct fleet_stats_report stats; // the caller counts records, dropped, refused and missed
    uint64_t published_before;       // at the last report
};

void fleet_published_stream_init(struct fleet_published_stream *stream,
                                 const struct fleet_publisher_options *options, const char *name);

// Whether it may be published now, and the fence of its lease, 0 for none.
bool fleet_published_stream_is_allowed(const struct fleet_published_stream *stream,
                                       uint64_t *fence);

// Publishes a record, CBOR, for which that has just been asked, and counts it.
void fleet_published_stream_record(struct fleet_published_stream *stream, const char *bytes,
                                   size_t length);

// Publishes the state if it is another one.
void fleet_published_stream_set_state(struct fleet_published_stream *stream,
                                      enum protocol_stream_state state, const char *reason);

// Says that this machine no longer has the stream: not that it has ended, as another may take it
// over, or has done so.
void fleet_published_stream_leave(struct fleet_published_stream *stream);

// Publishes state and counts.
//   seconds  since the last time, for the rate; 0: there was none
void fleet_published_stream_report(struct fleet_published_stream *stream, double seconds);
