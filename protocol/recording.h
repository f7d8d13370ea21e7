// A recording: what a subscriber got, in a file.
//
// It is a CBOR sequence (RFC 8742): a map of type "recording" that tells of the server,
// then the messages as they came, at the end a map of type "index" and its place in the
// file, an integer of 9 bytes. A file whose writer was killed has no index, and may end
// in half a message; all before is there. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/message.h"

// ---- writing

struct protocol_recorder;

// Makes the file, which must not be there yet, and writes its beginning. hello: the
// server's.
struct protocol_recorder *protocol_recorder_create(const char *path,
                                                   const struct protocol_hello *hello,
                                                   struct mc_error *err) MC_MUST_USE;

// Adds one CBOR message. t_ns: when it was published, for the index; of messages other
// than records 0.
bool protocol_recorder_add(struct protocol_recorder *recorder, const char *item, size_t length,
                           int64_t t_ns, struct mc_error *err) MC_MUST_USE;

// Hands all to the operating system: a process that is killed after this loses nothing.
bool protocol_recorder_flush(struct protocol_recorder *recorder, struct mc_error *err) MC_MUST_USE;

// Writes the index and closes the file. The recorder is gone, whatever happens.
bool protocol_recorder_finish(struct protocol_recorder *recorder, struct mc_error *err);

// ---- reading

struct protocol_recording;

enum protocol_recording_result {
    PROTOCOL_RECORDING_MESSAGE, // item is one
    PROTOCOL_RECORDING_END,     // there are no more
    PROTOCOL_RECORDING_CUT,     // the file ends inside a message
    PROTOCOL_RECORDING_ERROR,   // err is set
};

// Opens the file and reads its beginning. Bytes from outside: all is checked.
struct protocol_recording *protocol_recording_open(const char *path,
                                                   struct mc_error *err) MC_MUST_USE;
void protocol_recording_close(struct protocol_recording *recording); // NULL does nothing

// The server that was recorded; borrowed.
const struct protocol_hello *protocol_recording_hello(const struct protocol_recording *recording);

// The next message as it came, until the next call.
enum protocol_recording_result protocol_recording_next(struct protocol_recording *recording,
                                                       const char **item, size_t *length,
                                                       struct mc_error *err);

// Goes back to the first message; or, with an index, on to the last one in it that is
// not later than so many seconds after the first record.
bool protocol_recording_rewind(struct protocol_recording *recording, struct mc_error *err);
bool protocol_recording_seek(struct protocol_recording *recording, double seconds,
                             struct mc_error *err) MC_MUST_USE;
