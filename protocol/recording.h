// A recording: the messages that a subscriber received, in a file.
//
// It is a CBOR sequence (RFC 8742): a map of type "recording" that describes the server, the
// messages as received, a map of type "index", and the index's offset in the file as an
// integer of 9 bytes. The file of a recorder that was killed has no index and may end in half
// a message; everything before that is intact. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/message.h"

// ---- writing

struct protocol_recorder;

// Creates the file, which must not exist yet, and writes the header. hello: the server's.
struct protocol_recorder *protocol_recorder_create(const char *path,
                                                   const struct protocol_hello *hello,
                                                   struct mc_error *err) MC_MUST_USE;

// Adds one CBOR message. t_ns: when a record was published, for the index; 0 for any other
// message.
bool protocol_recorder_add(struct protocol_recorder *recorder, const char *item, size_t length,
                           int64_t t_ns, struct mc_error *err) MC_MUST_USE;

// Writes what is buffered: a process that is killed afterwards loses nothing.
bool protocol_recorder_flush(struct protocol_recorder *recorder, struct mc_error *err) MC_MUST_USE;

// Writes the index, closes the file and frees the recorder, even on failure.
bool protocol_recorder_finish(struct protocol_recorder *recorder, struct mc_error *err);

// ---- reading

struct protocol_recording;

enum protocol_recording_result {
    PROTOCOL_RECORDING_MESSAGE, // item is set
    PROTOCOL_RECORDING_END,     // no more messages
    PROTOCOL_RECORDING_CUT,     // the file ends inside a message
    PROTOCOL_RECORDING_ERROR,   // err is set
};

// Opens the file and reads its header. The file comes from outside: everything is checked.
struct protocol_recording *protocol_recording_open(const char *path,
                                                   struct mc_error *err) MC_MUST_USE;
void protocol_recording_close(struct protocol_recording *recording); // NULL does nothing

// The greeting of the server that was recorded; borrowed.
const struct protocol_hello *protocol_recording_hello(const struct protocol_recording *recording);

// Returns the next message as received; valid until the next call.
enum protocol_recording_result protocol_recording_next(struct protocol_recording *recording,
                                                       const char **item, size_t *length,
                                                       struct mc_error *err);

// Goes to the first message; or, by the index, to the last record in it that was published no
// later than the given number of seconds after the first.
bool protocol_recording_rewind(struct protocol_recording *recording, struct mc_error *err);
bool protocol_recording_seek(struct protocol_recording *recording, double seconds,
                             struct mc_error *err) MC_MUST_USE;
