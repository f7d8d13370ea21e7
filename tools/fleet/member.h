// A member of the fleet: what one worker decides, from what it sees in the bucket and from its
// clock.
//
// It keeps its session alive (lease.h), ends that of a worker that has not been heard of, takes
// orphans that placement gives it, and gives streams away where others should own them. All that it
// does to the bucket are compare-and-set writes, which it hands to a function; their results come
// back through fleet_member_answer, and what anybody wrote through fleet_member_see.
//
// Pure: no input, no output, no clock. Thread: the owner's.
#pragma once

#include "tools/fleet/lease.h"
#include "tools/fleet/roster.h"

enum {
    FLEET_TICK_MS = 100,       // how often fleet_member_tick should be called
    FLEET_JOIN_MS = 500,       // before a worker that joins takes streams: others may join with it
    FLEET_TAKE_MS = 1000,      // after which the next best worker takes an orphan
    FLEET_SETTLED_MS = 2000,   // without a change of workers, before streams move to spread load
    FLEET_GIVE_MS = 250,       // between two streams that are given away
    FLEET_SPREAD_END_MS = 200, // over which workers spread that see another one lapse
    FLEET_EPOCH_BITS = 20,
    FLEET_KEPT_MS = 300000,   // before a stream is given to a machine again where others refused it
    FLEET_REFUSED_MS = 15000, // before a machine takes a stream again that its mocapd refused
};

// To be written when the key has the expected revision; 0: when there is no such key.
struct fleet_write {
    char key[FLEET_KEY_BYTES];
    uint64_t expected;
    int64_t begun_ns;
    char value[FLEET_LABELS_MAX * (FLEET_LABEL_BYTES + 4) + 512]; // JSON
};

struct fleet_member_options {
    char name[FLEET_NAME_BYTES];
    struct fleet_labels labels;

    // Takes a copy. Returns false when there is no room just now.
    bool (*write)(void *user, const struct fleet_write *write);
    void *user;
};

struct fleet_member_counts {
    uint64_t taken;  // streams
    uint64_t given;  // to another worker, or because the fleet has them no more
    uint64_t lost;   // with a session that others ended
    uint64_t ended;  // sessions of other workers
    uint64_t lapses; // times that the lease could not be proven
    uint64_t conflicts;
};

struct fleet_member {
    struct fleet_member_options options;
    struct fleet_roster roster;
    struct fleet_lease lease;
    struct fleet_member_counts counts;
    int64_t created_ns; // when the bucket was made; 0: not known
    uint64_t known;     // newest revision seen
    bool is_complete;   // the roster has all entries there were
    bool is_leaving;
    bool was_proven;
    bool name_is_taken; // by another worker that is alive
    int capacity;       // streams; 0: takes none
    double busy, latency_ms;
    unsigned changes;    // of the roster, when last looked at
    int64_t joined_ns;   // since when the lease is proven
    int64_t settled_ns;  // since when the workers are these
    int64_t give_ns;     // when the next stream may be given away
    int64_t complete_ns; // when the roster became complete
};

void fleet_member_init(struct fleet_member *member, const struct fleet_member_options *options);
void fleet_member_finish(struct fleet_member *member);

// The bucket is read anew, from its beginning. Where it is another bucket of the same name than
// before, all that is known is forgotten, and true is returned: writes that wait are void.
//   created_ns  when the bucket was made, by the broker's clock
bool fleet_member_restart(struct fleet_member *member, int64_t created_ns);

// What a bucket's fences are counted from. They grow from one bucket to the next if at least a
// second of the broker's clock lies between the two.
uint64_t fleet_member_epoch(int64_t created_ns);

// An entry of the bucket; value NULL: deleted.
void fleet_member_see(struct fleet_member *member, const char *key, uint64_t revision,
                      const char *value, size_t length, int64_t now_ns);

// All entries have been seen that there were.
void fleet_member_complete(struct fleet_member *member, int64_t now_ns);

// The result of a write.
//   revision  the new one, when FLEET_WRITTEN
void fleet_member_answer(struct fleet_member *member, const struct fleet_write *write,
                         enum fleet_result result, uint64_t revision, int64_t now_ns);

// What time brings.
//   session  a name that no session ever had, for when a new one begins
void fleet_member_tick(struct fleet_member *member, const char *session, int64_t now_ns);

// The local mocapd does not take the stream: it is given back, so that another machine tries.
void fleet_member_refuse(struct fleet_member *member, const char *name, int64_t now_ns);

// Ends the session, so that others take the streams at once. They must not be published any more.
void fleet_member_leave(struct fleet_member *member);

// Begins a session again. A member begins as one that has left.
void fleet_member_return(struct fleet_member *member);

// Whether nobody takes this member for alive.
bool fleet_member_has_left(const struct fleet_member *member);

// Whether the member owns the stream, proven or not; its source may stay open.
bool fleet_member_owns(const struct fleet_member *member, const struct fleet_stream *stream);

// The fence to publish a stream with, which is higher for each later owner; 0: it must not be
// published now. It stays below 2^53, so that programs that count in doubles can compare it.
uint64_t fleet_member_fence(const struct fleet_member *member, const struct fleet_stream *stream,
                            int64_t now_ns);
