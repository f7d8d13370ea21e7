// Requests that add, remove and change streams while the daemon runs. Nothing of it is kept: at the
// next start, and for the streams of the configuration at the next reload, the configuration holds.
// Thread: loop.
#pragma once

#include <stdbool.h>

struct daemon_options;
struct daemon_streams;
struct protocol_error;
struct protocol_stream_change;
struct protocol_stream_changed;

// Does what change asks for, and says in changed whether there was anything to do. Returns false
// and sets error on failure; nothing has changed then.
bool daemon_stream_control(struct daemon_streams *streams, const struct daemon_options *options,
                           const struct protocol_stream_change *change,
                           struct protocol_stream_changed *changed, struct protocol_error *error);
