// Bytes as they arrive to whole messages: lines, or CBOR data items after their
// lengths.
//
//     char *room = protocol_framing_room(&framing, &size);
//     ... read at most size bytes to room ...
//     protocol_framing_add(&framing, count);
//     while (protocol_framing_next(&framing, &line, &length) != PROTOCOL_FRAMING_MORE) ...
//
// A message over the limit is told as such, once, and skipped to its end: it is
// never cut. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/policy.h"

enum protocol_framing_result {
    PROTOCOL_FRAMING_MORE,     // no whole message yet
    PROTOCOL_FRAMING_MESSAGE,  // a message
    PROTOCOL_FRAMING_TOO_LONG, // one over the limit has begun; its bytes are dropped
};

struct protocol_framing {
    char *data;                      // owned; limit bytes
    size_t limit;                    // of one message with its newline or its length
    enum protocol_encoding encoding; // of what comes next
    size_t start;                    // first byte not handed out
    size_t searched;                 // up to here there is no newline
    size_t end;                      // of what was read
    bool skipping;                   // inside a line that was too long
    size_t skip;                     // bytes left of a data item that was too long
};

// Messages may have up to limit bytes, newline or length included. Lines come
// first; set encoding when data items do.
bool protocol_framing_init(struct protocol_framing *framing, size_t limit,
                           struct mc_error *err) MC_MUST_USE;
void protocol_framing_finish(struct protocol_framing *framing);

// Where to read to and how much fits, always at least one byte once next has
// said MORE. Moves what is kept, so a line handed out before is gone.
char *protocol_framing_room(struct protocol_framing *framing, size_t *size);
void protocol_framing_add(struct protocol_framing *framing, size_t count);

// A line is without its newline ("\n" or "\r\n") and ends in a NUL instead; it may
// hold other NULs. A data item is without its length. Either stays until the next
// protocol_framing_room.
enum protocol_framing_result protocol_framing_next(struct protocol_framing *framing, char **message,
                                                   size_t *length);

// True when bytes of an unfinished message are left.
bool protocol_framing_partial(const struct protocol_framing *framing);
