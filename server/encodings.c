#include "server/encodings.h"

#include <assert.h>
#include <string.h>

#include "protocol/encode.h"

static bool same(const struct server_encoding *entry, const struct protocol_policy *policy)
{
    return entry->format == policy->encoding && entry->include == policy->include &&
           entry->lost == policy->lost;
}

// Returns the index of the entry in use for the policy, or -1.
static int find(const struct server_encodings *encodings, const struct protocol_policy *policy)
{
    for (int i = 0; i < SERVER_ENCODINGS_MAX; i++) {
        if (encodings->entries[i].references > 0 && same(&encodings->entries[i], policy)) {
            return i;
        }
    }
    return -1;
}

static int find_free(const struct server_encodings *encodings, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (encodings->entries[i].references == 0) {
            return i;
        }
    }
    return -1;
}

int server_encodings_acquire(struct server_encodings *encodings, struct protocol_policy *policy)
{
    const int shared = SERVER_ENCODINGS_MAX - SERVER_ENCODINGS_RESERVED;
    int index = find(encodings, policy);
    if (index < 0) {
        index = find_free(encodings, 0, shared);
    }
    if (index < 0) {
        policy->include = PROTOCOL_INCLUDE_ALL;
        index = find(encodings, policy);
    }
    if (index < 0) {
        index = find_free(encodings, shared, SERVER_ENCODINGS_MAX);
    }
    assert(index >= 0); // the reserved entries suffice for all that include everything
    struct server_encoding *entry = &encodings->entries[index];
    if (entry->references++ == 0) {
        entry->format = policy->encoding;
        entry->include = policy->include;
        entry->lost = policy->lost;
    }
    return index;
}

void server_encodings_release(struct server_encodings *encodings, int index)
{
    assert(encodings->entries[index].references > 0);
    encodings->entries[index].references--;
}

// A record with faces reads the same whatever `lost` is: share it.
static struct server_message *share(struct server_encodings *encodings,
                                    const struct server_encoding *entry)
{
    for (int i = 0; i < SERVER_ENCODINGS_MAX; i++) {
        const struct server_encoding *other = &encodings->entries[i];
        if (other->message != NULL && other->format == entry->format &&
            other->include == entry->include) {
            return server_message_retain(other->message);
        }
    }
    return NULL;
}

static void set_neutral(struct protocol_face *face)
{
    face->score = 0;
    face->has_raw = face->has_jacobians = false;
    memcpy(face->pose.rotation, (const float[4]){ 0, 0, 0, 1 }, sizeof face->pose.rotation);
    memset(face->pose.euler, 0, sizeof face->pose.euler);
    face->pose.error = 0;
    memset(face->shapes, 0, sizeof face->shapes);
    face->gaze = (struct protocol_gaze){ 0 };
}

// The current record with the faces last seen.
static const struct protocol_record *fill(struct server_encodings *encodings,
                                          const struct protocol_record *record,
                                          const struct protocol_record *last_seen,
                                          enum protocol_lost lost)
{
    struct protocol_record *filled = &encodings->filled;
    *filled = *record;
    filled->lost = lost;
    filled->face_count = last_seen->face_count;
    for (int i = 0; i < last_seen->face_count; i++) {
        filled->faces[i] = last_seen->faces[i];
        if (lost == PROTOCOL_LOST_NEUTRAL) {
            set_neutral(&filled->faces[i]);
        }
    }
    return filled;
}

struct server_message *server_encodings_encode(struct server_encodings *encodings, int index,
                                               struct server_message_pool *pool,
                                               const struct protocol_record *record,
                                               const struct protocol_record *last_seen)
{
    struct server_encoding *entry = &encodings->entries[index];
    if (entry->message != NULL) {
        return entry->message;
    }
    bool filled =
        record->face_count == 0 && entry->lost != PROTOCOL_LOST_NONE && last_seen->face_count > 0;
    if (!filled && record->face_count > 0) {
        entry->message = share(encodings, entry);
    }
    if (entry->message == NULL) {
        struct server_message *message = server_message_acquire(pool, entry->format);
        if (message == NULL) {
            return NULL;
        }
        protocol_encode_record(&message->buffer, entry->format,
                               filled ? fill(encodings, record, last_seen, entry->lost) : record,
                               entry->include);
        if (!server_message_seal(message)) {
            server_message_release(message);
            return NULL;
        }
        entry->message = message;
    }
    return entry->message;
}

void server_encodings_clear(struct server_encodings *encodings)
{
    for (int i = 0; i < SERVER_ENCODINGS_MAX; i++) {
        server_message_release(encodings->entries[i].message);
        encodings->entries[i].message = NULL;
    }
}
