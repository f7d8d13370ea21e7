#include "tools/fleet/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "tools/fleet/placement.h"

void fleet_member_init(struct fleet_member *member, const struct fleet_member_options *options)
{
    memset(member, 0, sizeof *member);
    member->options = *options;
    member->is_leaving = true;
}

void fleet_member_finish(struct fleet_member *member)
{
    fleet_roster_finish(&member->roster);
}

// ---- writes

// Frees the object. Returns false when the write cannot be begun now.
static bool begin(struct fleet_member *member, enum fleet_key_kind kind, const char *name,
                  uint64_t expected, json_t *object, int64_t now_ns)
{
    struct fleet_write write = { .expected = expected, .begun_ns = now_ns };
    const size_t length = json_dumpb(object, write.value, sizeof write.value - 1, JSON_COMPACT);
    json_decref(object);
    fleet_key_write(write.key, kind, name);
    return length > 0 && length < sizeof write.value &&
           member->options.write(member->options.user, &write);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static bool write_lease(struct fleet_member *member, struct fleet_stream *stream,
                        const char *worker, const char *session, const char *to, int64_t now_ns)
{
    json_t *object = json_object();
    set_text(object, "worker", worker);
    if (session[0] != '\0') {
        set_text(object, "session", session);
    }
    if (to[0] != '\0') {
        set_text(object, "to", to);
    }
    if (worker[0] == '\0' && now_ns < stream->refused_ns) {
        json_object_set_new(object, "refused", json_true());
        set_text(object, "by", member->options.name);
    }
    const bool is_move = worker[0] != '\0' && stream->lease != 0;
    json_object_set_new(object, "moves", json_integer((json_int_t)stream->moves + is_move));
    stream->is_writing =
        begin(member, FLEET_KEY_LEASE, stream->name, stream->lease, object, now_ns);
    return stream->is_writing;
}

static bool write_end(struct fleet_member *member, const struct fleet_worker *worker,
                      int64_t now_ns)
{
    json_t *object = json_object();
    set_text(object, "session", worker->session);
    json_object_set_new(object, "ended", json_true());
    json_object_set_new(object, "after", json_integer((json_int_t)worker->revision));
    set_text(object, "by", member->options.name);
    return begin(member, FLEET_KEY_WORKER, worker->name, worker->revision, object, now_ns);
}

static void renew(struct fleet_member *member, int64_t now_ns)
{
    const struct fleet_labels *labels = &member->options.labels;
    json_t *object = json_object();
    set_text(object, "session", member->lease.session);
    json_object_set_new(object, "beat", json_integer((json_int_t)member->lease.beat + 1));
    json_object_set_new(object, "after", json_integer((json_int_t)member->lease.revision));
    json_object_set_new(object, "capacity", json_integer(member->capacity));
    json_object_set_new(object, "busy", json_real(member->busy));
    json_object_set_new(object, "latency_ms", json_real(member->latency_ms));
    json_t *array = json_array();
    for (int i = 0; i < labels->count; i++) {
        json_array_append_new(array, json_string(labels->items[i]));
    }
    json_object_set_new(object, "labels", array);
    if (begin(member, FLEET_KEY_WORKER, member->options.name, member->lease.revision, object,
              now_ns)) {
        fleet_lease_begin(&member->lease, member->known, now_ns);
    }
}

// ---- the session

static struct fleet_worker *find_self(const struct fleet_member *member)
{
    return fleet_roster_worker(&member->roster, member->options.name);
}

// A session begins when that of the worker's name, if there is one, has ended or lapsed.
static void join(struct fleet_member *member, const char *session, int64_t now_ns)
{
    const struct fleet_worker *self = find_self(member);
    if (self != NULL && !self->has_ended && !fleet_lease_has_lapsed(self->changed_ns, now_ns)) {
        member->name_is_taken = now_ns - member->complete_ns > 2 * FLEET_LEASE_MS * MC_NS_PER_MS;
        return;
    }
    member->name_is_taken = false;
    fleet_lease_start(&member->lease, session, self == NULL ? 0 : self->revision);
}

// While this worker could not write, others might not have been able to, either: they get their
// full time again. So do those that only went unseen, by a worker that was stopped or suspended.
static void forgive(struct fleet_member *member, int64_t now_ns)
{
    for (int i = 0; i < member->roster.worker_count; i++) {
        struct fleet_worker *worker = member->roster.workers[i];
        if (worker->changed_ns < now_ns) {
            worker->changed_ns = now_ns;
        }
    }
}

static void keep_session(struct fleet_member *member, const char *session, int64_t now_ns)
{
    if (member->lease.session[0] == '\0') {
        join(member, session, now_ns);
    }
    if (fleet_lease_is_due(&member->lease, now_ns)) {
        renew(member, now_ns);
    }
}

// Sessions of workers whose key has not changed for the length of a lease. Which worker is first
// depends on both names, so that not all of a large fleet write at once.
static void end_lapsed(struct fleet_member *member, int64_t now_ns)
{
    for (int i = 0; i < member->roster.worker_count; i++) {
        struct fleet_worker *worker = member->roster.workers[i];
        const int64_t delay_ms =
            (int64_t)(fleet_placement_hash(member->options.name, worker->name) %
                      FLEET_SPREAD_END_MS);
        const int64_t seen_ns = worker->changed_ns + delay_ms * MC_NS_PER_MS;
        if (!worker->has_ended && strcmp(worker->name, member->options.name) != 0 &&
            fleet_lease_has_lapsed(seen_ns, now_ns) && write_end(member, worker, now_ns)) {
            worker->changed_ns = now_ns - FLEET_LEASE_MS * MC_NS_PER_MS / 2; // then once more
        }
    }
}

// ---- streams

bool fleet_member_owns(const struct fleet_member *member, const struct fleet_stream *stream)
{
    return member->lease.is_held && stream->options != NULL &&
           strcmp(stream->worker, member->options.name) == 0 &&
           strcmp(stream->session, member->lease.session) == 0;
}

uint64_t fleet_member_fence(const struct fleet_member *member, const struct fleet_stream *stream,
                            int64_t now_ns)
{
    if (!fleet_member_owns(member, stream) || stream->is_leaving || member->is_leaving ||
        stream->lease > member->lease.confirmed || now_ns < stream->free_ns ||
        !fleet_lease_is_proven(&member->lease, now_ns)) {
        return 0;
    }
    return fleet_member_epoch(member->created_ns) + stream->lease;
}

// Streams that are counted as if they were had, until the bucket says otherwise, spread the ones
// after them.
static void take_orphans(struct fleet_member *member, int64_t now_ns)
{
    const struct fleet_worker *self = find_self(member);
    if (now_ns - member->joined_ns < FLEET_JOIN_MS * MC_NS_PER_MS) {
        return;
    }
    for (int i = 0; i < member->roster.stream_count; i++) {
        struct fleet_stream *stream = member->roster.streams[i];
        if (stream->orphan_ns < 0) {
            continue;
        }
        const int attempt = (int)((now_ns - stream->orphan_ns) / MC_NS_PER_MS / FLEET_TAKE_MS);
        struct fleet_worker *taker = fleet_placement_take(&member->roster, stream, attempt % 1000);
        if (taker == NULL || (taker == self && now_ns < stream->refused_ns)) {
            continue; // the next best one takes it
        }
        taker->streams++;
        if (taker == self && !stream->is_writing) {
            // Where it suits better it was refused: giving it back there would begin all anew.
            stream->kept_ns = stream->was_refused ? now_ns + FLEET_KEPT_MS * MC_NS_PER_MS : 0;
            if (!write_lease(member, stream, self->name, self->session, "", now_ns)) {
                return;
            }
        }
    }
}

// Gives back what the fleet has no more, and again what was given away when nobody knows whether
// that was written.
static void give_back(struct fleet_member *member, int64_t now_ns)
{
    for (int i = 0; i < member->roster.stream_count; i++) {
        struct fleet_stream *stream = member->roster.streams[i];
        if ((stream->options == NULL || stream->is_leaving) && !stream->is_writing &&
            stream->owner != NULL && stream->owner == find_self(member) &&
            !write_lease(member, stream, "", "", "", now_ns)) {
            return;
        }
    }
}

// Orphans that nobody has taken for so long have no room anywhere.
static bool has_new_orphan(const struct fleet_roster *roster, int64_t now_ns)
{
    for (int i = 0; i < roster->stream_count; i++) {
        const int64_t orphan_ns = roster->streams[i]->orphan_ns;
        if (orphan_ns >= 0 && now_ns - orphan_ns < FLEET_SETTLED_MS * MC_NS_PER_MS) {
            return true;
        }
    }
    return false;
}

static void give_away(struct fleet_member *member, int64_t now_ns)
{
    const struct fleet_worker *self = find_self(member);
    struct fleet_worker *to;
    struct fleet_stream *stream;
    if (member->changes != member->roster.changes) {
        member->changes = member->roster.changes;
        member->settled_ns = now_ns;
    }
    for (int i = 0; i < member->roster.stream_count; i++) {
        member->roster.streams[i]->is_kept = now_ns < member->roster.streams[i]->kept_ns;
    }
    if (now_ns < member->give_ns || now_ns - member->settled_ns < FLEET_SETTLED_MS * MC_NS_PER_MS ||
        has_new_orphan(&member->roster, now_ns) ||
        (stream = fleet_placement_give(&member->roster, self, &to)) == NULL) {
        return;
    }
    // Not published from now on: the write may arrive long before its result.
    stream->is_leaving = write_lease(member, stream, "", "", to->name, now_ns);
    member->give_ns = now_ns + FLEET_GIVE_MS * MC_NS_PER_MS;
}

void fleet_member_tick(struct fleet_member *member, const char *session, int64_t now_ns)
{
    if (!member->is_complete) {
        return;
    }
    if (!member->is_leaving) {
        keep_session(member, session, now_ns);
    } else if (!fleet_member_has_left(member) && find_self(member) != NULL &&
               fleet_lease_is_due(&member->lease, now_ns) &&
               write_end(member, find_self(member), now_ns)) {
        fleet_lease_begin(&member->lease, member->known, now_ns);
    }
    const bool is_proven = fleet_lease_is_proven(&member->lease, now_ns);
    member->counts.lapses += member->was_proven && !is_proven;
    if (is_proven && !member->was_proven) {
        forgive(member, now_ns);
        member->joined_ns = now_ns;
    }
    member->was_proven = is_proven;
    fleet_roster_count(&member->roster, now_ns);
    if (is_proven && !member->is_leaving && find_self(member) != NULL) {
        end_lapsed(member, now_ns);
        give_back(member, now_ns);
        give_away(member, now_ns);
        take_orphans(member, now_ns);
    }
}

// ---- what the bucket says

static void see_worker(struct fleet_member *member, const char *name)
{
    const struct fleet_worker *worker = fleet_roster_worker(&member->roster, name);
    if (worker == NULL || strcmp(name, member->options.name) != 0) {
        return;
    }
    const bool was_held = member->lease.is_held;
    fleet_lease_see(&member->lease, worker->revision, worker->session, worker->beat,
                    worker->has_ended);
    if (was_held && !member->lease.is_held && !member->is_leaving) {
        member->counts.lost += (uint64_t)(worker->streams > 0 ? worker->streams : 0);
    }
}

static void see_stream(struct fleet_member *member, const char *name, bool was_owned)
{
    struct fleet_stream *stream = fleet_roster_stream(&member->roster, name);
    if (stream == NULL) {
        return;
    }
    const bool is_own = strcmp(stream->worker, member->options.name) == 0 &&
                        strcmp(stream->session, member->lease.session) == 0;
    member->counts.taken += is_own && !was_owned;
    member->counts.given += !is_own && was_owned;
    if (stream->lease >= stream->written) {
        stream->is_writing = stream->is_writing && stream->written == 0;
        stream->written = 0;
    }
    if (!is_own) {
        stream->is_leaving = false;
    } else if (!was_owned) {
        member->lease.next_ns = 0; // a renewal that begins now confirms it
    }
}

void fleet_member_see(struct fleet_member *member, const char *key, uint64_t revision,
                      const char *value, size_t length, int64_t now_ns)
{
    enum fleet_key_kind kind;
    char name[FLEET_NAME_BYTES];
    member->known = revision > member->known ? revision : member->known;
    if (!fleet_key_read(key, &kind, name)) {
        return;
    }
    const struct fleet_stream *stream =
        kind == FLEET_KEY_LEASE ? fleet_roster_stream(&member->roster, name) : NULL;
    const bool was_owned = stream != NULL && member->lease.session[0] != '\0' &&
                           strcmp(stream->worker, member->options.name) == 0 &&
                           strcmp(stream->session, member->lease.session) == 0;
    fleet_roster_put(&member->roster, key, revision, value, length, now_ns); // good or not
    if (kind == FLEET_KEY_LEASE) {
        see_stream(member, name, was_owned);
    } else if (kind == FLEET_KEY_WORKER) {
        see_worker(member, name);
    }
}

void fleet_member_answer(struct fleet_member *member, const struct fleet_write *write,
                         enum fleet_result result, uint64_t revision, int64_t now_ns)
{
    enum fleet_key_kind kind;
    char name[FLEET_NAME_BYTES];
    if (!fleet_key_read(write->key, &kind, name)) {
        return;
    }
    struct fleet_stream *stream =
        kind == FLEET_KEY_LEASE ? fleet_roster_stream(&member->roster, name) : NULL;
    member->counts.conflicts += result == FLEET_CONFLICT;
    if (kind == FLEET_KEY_LEASE) {
        if (stream != NULL) {
            stream->is_writing = result == FLEET_WRITTEN && stream->lease < revision;
            stream->written = stream->is_writing ? revision : 0;
        }
    } else if (strcmp(name, member->options.name) != 0) {
        member->counts.ended += result == FLEET_WRITTEN;
    } else if (member->lease.is_writing && member->lease.begun_ns == write->begun_ns) {
        fleet_lease_answer(&member->lease, result, now_ns);
    }
}

void fleet_member_complete(struct fleet_member *member, int64_t now_ns)
{
    if (!member->is_complete) {
        member->is_complete = true;
        member->complete_ns = now_ns;
    }
}

uint64_t fleet_member_epoch(int64_t created_ns)
{
    const int64_t created_s = created_ns / MC_NS_PER_SECOND;
    return (uint64_t)(created_s > 0 ? created_s : 1) << FLEET_EPOCH_BITS;
}

bool fleet_member_restart(struct fleet_member *member, int64_t created_ns)
{
    const bool is_new = member->created_ns != created_ns && member->created_ns != 0;
    if (is_new) {
        fleet_roster_finish(&member->roster);
        memset(&member->lease, 0, sizeof member->lease);
        member->known = 0;
        member->is_complete = false;
    }
    fleet_roster_restart(&member->roster);
    member->created_ns = created_ns;
    return is_new;
}

void fleet_member_refuse(struct fleet_member *member, const char *name, int64_t now_ns)
{
    struct fleet_stream *stream = fleet_roster_stream(&member->roster, name);
    if (stream != NULL && fleet_member_owns(member, stream)) {
        stream->is_leaving = true;
        stream->refused_ns = now_ns + FLEET_REFUSED_MS * MC_NS_PER_MS;
    }
}

// ---- the end

void fleet_member_leave(struct fleet_member *member)
{
    member->is_leaving = true;
    member->lease.next_ns = 0;
}

void fleet_member_return(struct fleet_member *member)
{
    member->is_leaving = false;
}

bool fleet_member_has_left(const struct fleet_member *member)
{
    const struct fleet_lease *lease = &member->lease;
    return member->is_leaving &&
           (lease->session[0] == '\0' || (!lease->is_held && !lease->is_writing));
}
