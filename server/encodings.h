// The forms in which records go out: one for each encoding, set of parts and way to
// show lost faces that somebody subscribed to. A record is encoded once for each form
// that gets it, however many subscribers share the form. Thread: loop.
#pragma once

#include <stdbool.h>

#include "protocol/record.h"
#include "server/message.h"

enum {
    SERVER_VARIANTS_MAX = 24, // the last few are kept for those with all parts
    SERVER_VARIANTS_FULL = PROTOCOL_ENCODING_COUNT * PROTOCOL_LOST_COUNT,
};

struct server_variant {
    int references; // subscriptions; 0: not in use
    enum protocol_encoding encoding;
    unsigned include;
    enum protocol_lost lost;
    struct server_message *message; // of the record at hand; NULL: not encoded yet
};

struct server_encodings {
    struct server_variant variants[SERVER_VARIANTS_MAX];
    struct protocol_record filled; // where lost faces are put into a record
};

// The form for the policy. When there are too many forms already the policy gets all
// parts instead of those it asked for: include is changed.
int server_encodings_acquire(struct server_encodings *variants, struct protocol_policy *policy);
void server_encodings_release(struct server_encodings *variants, int index);

// The record in the form, encoded when it is asked for first; borrowed until
// server_encodings_clear. held: the last record with faces; zeroed when there was none.
// NULL when it can't be encoded.
struct server_message *server_encodings_encode(struct server_encodings *variants, int index,
                                               struct server_message_pool *pool,
                                               const struct protocol_record *record,
                                               const struct protocol_record *held);

// Forgets the record at hand.
void server_encodings_clear(struct server_encodings *variants);
