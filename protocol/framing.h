// Bytes as they arrive to whole lines.
//
//     char *room = protocol_framing_room(&framing, &size);
//     ... read at most size bytes to room ...
//     protocol_framing_add(&framing, count);
//     while (protocol_framing_next(&framing, &line, &length) != PROTOCOL_FRAMING_MORE) ...
//
// A line over the limit is told as such, once, and skipped to its end: it is
// never cut. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum protocol_framing_result {
    PROTOCOL_FRAMING_MORE,     // no whole line yet
    PROTOCOL_FRAMING_LINE,     // a line
    PROTOCOL_FRAMING_TOO_LONG, // a line over the limit has begun; its bytes are dropped
};

struct protocol_framing {
    char *data;      // owned; limit bytes
    size_t limit;    // of one line with its newline
    size_t start;    // first byte not handed out
    size_t searched; // up to here there is no newline
    size_t end;      // of what was read
    bool skipping;   // inside a line that was too long
};

// Lines may have up to limit bytes, their newline included.
bool protocol_framing_init(struct protocol_framing *framing, size_t limit,
                           struct mc_error *err) MC_MUST_USE;
void protocol_framing_finish(struct protocol_framing *framing);

// Where to read to and how much fits, always at least one byte once next has
// said MORE. Moves what is kept, so a line handed out before is gone.
char *protocol_framing_room(struct protocol_framing *framing, size_t *size);
void protocol_framing_add(struct protocol_framing *framing, size_t count);

// line is without its newline ("\n" or "\r\n") and ends in a NUL instead; it may
// hold other NULs, and stays until the next protocol_framing_room.
enum protocol_framing_result protocol_framing_next(struct protocol_framing *framing, char **line,
                                                   size_t *length);

// True when bytes of an unfinished line are left.
bool protocol_framing_partial(const struct protocol_framing *framing);
