// The roster: the workers of a fleet, its streams and who owns them, as one reader of the bucket
// has seen them so far. A worker is mocap-fleet work on a machine, and has that machine's name;
// users only hear of machines.
//
// The bucket has one key for each stream that the fleet should watch, for each lease, and for each
// worker. Names are written as tokens (subjects.h):
//
//     stream.NAME   {"options":{"url":"rtsp://…"},"labels":["room=3"],"worker":"hall-2"}
//     lease.NAME    {"worker":"hall-1","session":"5f0c…","moves":3}, or
//                   {"worker":"","to":"hall-2"}, or
//                   {"worker":"","refused":true,"by":"hall-1"}
//     worker.NAME   {"session":"5f0c…","beat":7,"after":1234,"capacity":12,"labels":["room=3"],…}
//
// A worker rewrites its own key all the time; that of a lease changes with the owner alone. So its
// revision, which grows for ever, serves as the fence. A lease is as good as the session that it
// names: when that has ended, the stream is an orphan.
//
// "after" is the revision that a worker's entry was to replace. Where another one came between, a
// renewal and the end of the session raced, and both were written: its streams may still be
// published for the length of a lease, and are not taken before that. The bucket keeps some earlier
// entries of each key, so that a reader that loses no connection sees both.
//
// No input, no output, no clock: times are given. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/fleet/subjects.h"

enum {
    FLEET_NAME_BYTES = PROTOCOL_NAME_BYTES, // of a stream or a worker
    FLEET_SESSION_BYTES = 33,
    FLEET_KEY_BYTES = FLEET_TOKEN_BYTES + 8,
    FLEET_LABELS_MAX = 8,
    FLEET_LABEL_BYTES = 64,
    FLEET_VALUE_BYTES = 16 * 1024, // of an entry; a longer one is not read
    FLEET_OPTIONS_BYTES = 3500,    // of a stream, as JSON: a request to mocapd must hold them
};

struct fleet_labels {
    int count;
    char items[FLEET_LABELS_MAX][FLEET_LABEL_BYTES]; // "room=3"
};

struct fleet_worker {
    char name[FLEET_NAME_BYTES];
    uint64_t revision;  // of its key; 0: not seen yet
    int64_t changed_ns; // when that revision was seen, by the clock of the times given
    uint64_t beat;      // number of the renewal
    int64_t free_ns;    // when streams of a session of it that ended may be taken, at the earliest
    bool is_unsure;     // entries may have been missed since that revision
    bool has_ended;     // its session has; for ever, the next one has another name
    char session[FLEET_SESSION_BYTES];
    int capacity; // streams
    struct fleet_labels labels;
    double busy;       // of the machine's processors, 0 to 1
    double latency_ms; // from a frame's arrival to its record, smoothed mean
    int streams;       // that it owns; counted by fleet_roster_count
};

struct fleet_stream {
    char name[FLEET_NAME_BYTES];
    uint64_t definition; // revision of stream.NAME; 0: there was none yet
    char *options;       // JSON object, owned; NULL: the fleet has no such stream
    bool is_unreadable;  // what is there now; options are those before
    struct fleet_labels labels;
    char wanted[FLEET_NAME_BYTES]; // the worker that it was moved to; "": any
    uint64_t lease;                // revision of lease.NAME; 0: there is none
    char worker[FLEET_NAME_BYTES]; // of the lease; "": given back
    char session[FLEET_SESSION_BYTES];
    char to[FLEET_NAME_BYTES];         // to whom it was given; "": to any
    uint64_t moves;                    // how often it was taken after the first time
    int64_t leased_ns;                 // when the lease was seen, by the clock of the times given
    int64_t free_ns;                   // until when an earlier owner may still publish it
    bool was_refused;                  // by the mocapd of the machine that gave it back
    char refused_by[FLEET_NAME_BYTES]; // that machine; "": not known
    struct fleet_worker *owner;        // set by fleet_roster_count; NULL: an orphan
    // Of the member that reads.
    int64_t orphan_ns;  // since when without an owner; -1: has one
    bool is_writing;    // its lease, until the write is seen
    uint64_t written;   // revision of that write, once it is known
    bool is_leaving;    // no longer published, and being given back
    bool is_told;       // in the log: that it was taken
    bool is_handed;     // the local mocapd runs it for the fleet, with these options
    int64_t kept_ns;    // until when it is not given away, as others refused it
    bool is_kept;       // not to be given away now
    int64_t refused_ns; // until when this machine, whose mocapd refused it, does not take it
};

struct fleet_roster {
    struct fleet_worker **workers; // sorted by name
    int worker_count;
    struct fleet_stream **streams; // sorted by name
    int stream_count;
    unsigned changes; // grows when a worker comes, ends, or has another capacity
};

void fleet_roster_finish(struct fleet_roster *roster);

// The bucket will be read anew, from the last entry of each key: those before it may be missed.
void fleet_roster_restart(struct fleet_roster *roster);

// Takes an entry of the bucket. One that is older than what is known, or is of a key that is none
// of these, changes nothing. Of one that has another form than above only the revision counts, so
// that it can be replaced: such a lease is nobody's; a worker and a stream stay as they were.
//   value  NULL: the key was deleted
// Returns whether the entry was understood.
bool fleet_roster_put(struct fleet_roster *roster, const char *key, uint64_t revision,
                      const char *value, size_t length, int64_t now_ns);

struct fleet_worker *fleet_roster_worker(const struct fleet_roster *roster, const char *name);
struct fleet_stream *fleet_roster_stream(const struct fleet_roster *roster, const char *name);

// Finds the owner of each stream, and counts the streams of each worker.
void fleet_roster_count(struct fleet_roster *roster, int64_t now_ns);

enum fleet_key_kind { FLEET_KEY_STREAM, FLEET_KEY_LEASE, FLEET_KEY_WORKER };

// The key of a valid name.
void fleet_key_write(char key[FLEET_KEY_BYTES], enum fleet_key_kind kind, const char *name);

// Returns false when the key is none of these.
bool fleet_key_read(const char *key, enum fleet_key_kind *kind, char name[FLEET_NAME_BYTES]);

// A name, = and a value, both of A-Z a-z 0-9 _ - and dots.
bool fleet_label_is_valid(const char *label);

// How many of the wanted labels are there.
int fleet_labels_match(const struct fleet_labels *wanted, const struct fleet_labels *labels);
