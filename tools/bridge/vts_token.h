// The tokens that VTube Studio gave, in files of the user's state folder that only they may read.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { BRIDGE_TOKEN_BYTES = 72 }; // VTube Studio promises at most 64

// server tells one VTube Studio from another: its address.
bool bridge_token_read(const char *server, char token[BRIDGE_TOKEN_BYTES]); // false: there is none
bool bridge_token_write(const char *server, const char *token, struct mc_error *err) MC_MUST_USE;
void bridge_token_forget(const char *server);

// Whether a token has only characters that it may have.
bool bridge_token_is_good(const char *token);
