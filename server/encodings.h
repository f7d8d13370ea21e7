// The encodings of a record: one for each combination of wire format, included parts and
// display of lost faces in use. A record is encoded once for each of them, however many
// subscriptions share it. Thread: loop.
#pragma once

#include <stdbool.h>

#include "protocol/record.h"
#include "server/message.h"

enum {
    SERVER_ENCODINGS_MAX = 24,
    // The last entries are reserved for subscriptions that get all parts, so that
    // there is always one to fall back to.
    SERVER_ENCODINGS_RESERVED = PROTOCOL_ENCODING_COUNT * PROTOCOL_LOST_COUNT,
};

struct server_encoding {
    int references; // subscriptions; 0: unused
    enum protocol_encoding format;
    unsigned include;
    enum protocol_lost lost;
    struct server_message *message; // the current record; NULL: not encoded yet
};

struct server_encodings {
    struct server_encoding entries[SERVER_ENCODINGS_MAX];
    struct protocol_record filled; // scratch: a record with the faces last seen
};

// Returns the index of the policy's encoding, creating it if needed. When all entries are
// taken, the policy gets all parts instead of those it asked for: include is changed.
// Release with server_encodings_release.
int server_encodings_acquire(struct server_encodings *encodings, struct protocol_policy *policy);
void server_encodings_release(struct server_encodings *encodings, int index);

// Returns the record in one encoding, encoding it on first use; borrowed until
// server_encodings_clear. last_seen: the stream's last record with faces; zeroed if there
// was none. Returns NULL, and logs why, when the record cannot be encoded.
struct server_message *server_encodings_encode(struct server_encodings *encodings, int index,
                                               struct server_message_pool *pool,
                                               const struct protocol_record *record,
                                               const struct protocol_record *last_seen);

// Forgets the current record.
void server_encodings_clear(struct server_encodings *encodings);
