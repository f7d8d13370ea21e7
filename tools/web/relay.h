// From the daemon to the board: a thread that follows the daemon and puts its messages there
// unchanged: the list of streams always, the streams' own messages while they are followed.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "tools/web/board.h"

struct web_relay;

struct web_relay_options {
    const char *socket;         // NULL: the default one
    const char *stream;         // NULL: all
    const char *server;         // name and version of this program
    void (*on_put)(void *user); // something was put; thread: the relay's
    void *user;
};

// Starts the thread; no stream is followed yet. The board is borrowed, and so are the options'
// texts.
struct web_relay *web_relay_start(struct web_board *board, const struct web_relay_options *options,
                                  struct mc_error *err) MC_MUST_USE;

// Whether to follow the streams. While they are not followed, no camera is open for them. Any
// thread.
void web_relay_follow(struct web_relay *relay, bool is_followed);

// Whether mocapd is connected. Any thread.
bool web_relay_is_connected(const struct web_relay *relay);

// Ends the thread, waits for it, frees the relay. NULL does nothing.
void web_relay_stop(struct web_relay *relay);
