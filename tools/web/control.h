// What a page may ask of mocapd through mocap-web:
//
//     {"type":"control","id":7,"token":"…","request":{"type":"calibrate","stream":"main",…}}
//
// The request is calibrate or settings of the protocol. Without the token it may only show. The
// reply is the daemon's, or an error, with the page's id.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/message.h"

// Whether the message is of this type at all.
bool web_control_is(const char *text, size_t length);

// Checks a message from a page. Returns the request for the daemon as JSON, to be freed; NULL, and
// error set, when it is not allowed. Sets id in either case, if it can be read.
char *web_control_read(const char *text, size_t length, const char *token, struct protocol_id *id,
                       struct protocol_error *error) MC_MUST_USE;

// The daemon's reply with the page's id, to be freed; NULL when out of memory or no reply.
char *web_control_reply(const char *reply, struct protocol_id id) MC_MUST_USE;
