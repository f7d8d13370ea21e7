// The token of mocap-web: its holder may calibrate and change settings. mocap-web shows it on a
// terminal as part of the page's address, and keeps it, readable by its user alone, so that the
// address stays the same.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

enum { WEB_TOKEN_BYTES = 33 }; // 32 hexadecimal digits

// Reads the token kept in the state directory ($STATE_DIRECTORY, $XDG_STATE_HOME/mocapd or
// ~/.local/state/mocapd) as mocap-web.token, or makes one. One that cannot be kept lasts as long
// as the program, and is logged. Fails only without random numbers.
//   file  where it is kept; "": it is not
bool web_token_load(char token[WEB_TOKEN_BYTES], char file[PATH_MAX],
                    struct mc_error *err) MC_MUST_USE;

// True when given is the token; takes as long whatever is given. NULL is not.
bool web_token_is(const char *token, const char *given);
