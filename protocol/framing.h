// Splits bytes, as they arrive, into whole messages: lines, or CBOR data items that follow
// their lengths.
//
//     char *room = protocol_framing_room(&framing, &size);
//     ... read at most size bytes to room ...
//     protocol_framing_add(&framing, count);
//     while (protocol_framing_next(&framing, &line, &length) != PROTOCOL_FRAMING_MORE) ...
//
// A message over the limit is reported once and skipped to its end; it is never truncated.
// Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/policy.h"

enum protocol_framing_result {
    PROTOCOL_FRAMING_MORE,     // no whole message yet
    PROTOCOL_FRAMING_MESSAGE,  // a message
    PROTOCOL_FRAMING_TOO_LONG, // a message over the limit has begun; its bytes are dropped
};

struct protocol_framing {
    char *data;                      // owned; limit bytes
    size_t limit;                    // of a message, newline or length included
    enum protocol_encoding encoding; // of the bytes that follow
    size_t start;                    // first byte not returned yet
    size_t searched;                 // there is no newline before this
    size_t end;                      // of the bytes read
    bool skipping;                   // inside a line that is too long
    size_t skip;                     // bytes left of a data item that is too long
};

// Messages may have up to limit bytes, newline or length included. Lines are expected at
// first; set encoding to change that.
bool protocol_framing_init(struct protocol_framing *framing, size_t limit,
                           struct mc_error *err) MC_MUST_USE;
void protocol_framing_finish(struct protocol_framing *framing);

// Returns where to read to and sets size to how much fits: at least one byte after next has
// returned MORE. Moves the bytes it keeps, which invalidates messages returned before.
char *protocol_framing_room(struct protocol_framing *framing, size_t *size);
void protocol_framing_add(struct protocol_framing *framing, size_t count);

// Returns the next message: a line without its newline ("\n" or "\r\n"), NUL-terminated but
// possibly with other NULs in it, or a data item without its length. Valid until the next
// protocol_framing_room.
enum protocol_framing_result protocol_framing_next(struct protocol_framing *framing, char **message,
                                                   size_t *length);

// True when part of a message has been read.
bool protocol_framing_partial(const struct protocol_framing *framing);
