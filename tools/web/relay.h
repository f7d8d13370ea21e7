// The way from the daemon to the board: a thread that follows the daemon and puts
// what it says, word for word. Which streams there are it puts always, what they say
// while it is wanted.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "tools/web/board.h"

struct web_relay;

struct web_relay_options {
    const char *socket;         // NULL: the default one
    const char *stream;         // NULL: all
    void (*on_put)(void *user); // something was put; thread: the relay's
    void *user;
};

// Starts the thread; nothing is wanted yet. The board is borrowed, and so are the options' texts.
struct web_relay *web_relay_start(struct web_board *board, const struct web_relay_options *options,
                                  struct mc_error *err) MC_MUST_USE;

// Whether somebody looks at the board. While nobody does, no camera is open for it. Any
// thread.
void web_relay_want(struct web_relay *relay, bool is_wanted);

// Ends the thread, waits for it, frees the relay. NULL does nothing.
void web_relay_stop(struct web_relay *relay);
