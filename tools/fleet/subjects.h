// The names under which a fleet's streams are published.
//
//     NATS  mocap.v1.<site>.<stream>.record          MQTT  mocap/v1/<site>/<stream>/record
//
// Names are those that fleet_name_valid takes, of which mocapd takes fewer for its streams; as
// tokens they have only letters, digits, '_' and '-', and =XX, in upper-case hexadecimal, for every
// other byte: such tokens are good for subjects, topics and keys of JetStream's buckets. Any
// thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/record.h"

enum {
    FLEET_TOKEN_BYTES = 3 * (PROTOCOL_NAME_BYTES - 1) + 1,
    FLEET_SUBJECT_BYTES = 2 * FLEET_TOKEN_BYTES + 32,
};

enum fleet_subject_kind {
    FLEET_RECORD,      // a record in CBOR, as on mocapd's socket
    FLEET_RECORD_JSON, // the same in JSON: "record.json", only while somebody wants it
    FLEET_STATE,       // state of the stream, JSON: see report.h
    FLEET_STATS,       // counts, JSON
    FLEET_WANT,        // to the publisher: somebody wants records; see publisher.h
    FLEET_SUBJECT_KIND_COUNT,
};

struct fleet_subject {
    char site[PROTOCOL_NAME_BYTES], stream[PROTOCOL_NAME_BYTES];
    enum fleet_subject_kind kind;
};

// True for 1 to PROTOCOL_NAME_BYTES - 1 bytes of UTF-8, which JSON needs, without control
// characters.
bool fleet_name_valid(const char *name);

// Writes a valid name as a token.
void fleet_token_write(char token[FLEET_TOKEN_BYTES], const char *name);

// Reads length bytes of a token. Returns false when it is none, or not as fleet_token_write writes
// it: each name has one token.
bool fleet_token_read(char name[PROTOCOL_NAME_BYTES], const char *token, size_t length) MC_MUST_USE;

// A subject of NATS, of valid names. stream NULL: of all streams, for subscribing.
void fleet_subject_write(char subject[FLEET_SUBJECT_BYTES], const char *site, const char *stream,
                         enum fleet_subject_kind kind);

// Reads a subject of NATS. Returns false, with an error that names the fault, when it is none of
// ours.
bool fleet_subject_read(struct fleet_subject *read, const char *subject,
                        struct mc_error *err) MC_MUST_USE;

// A topic of MQTT. stream NULL: of the publisher itself, mocap/v1/<site>/<last>.
void fleet_topic_write(char topic[FLEET_SUBJECT_BYTES], const char *site, const char *stream,
                       const char *last);

// "record", "record.json", ...
const char *fleet_subject_kind_name(enum fleet_subject_kind kind);
