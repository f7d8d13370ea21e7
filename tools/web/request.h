// An HTTP request's headers, and whether it comes from a page of ours. Thread: loop.
#pragma once

#include <stdbool.h>

#include "tools/web/access.h"

struct lws;

enum {
    WEB_REQUEST_HEADER_BYTES = 512, // longest header that is read
    WEB_REQUEST_REASON_BYTES = 512,
};

// Copies a header, by libwebsockets' enum lws_token_indexes; NULL without it, or when it is longer
// than text.
const char *web_request_header(struct lws *wsi, int token, char text[WEB_REQUEST_HEADER_BYTES]);
// Whether it has the header, however long; a method counts as one.
bool web_request_has(struct lws *wsi, int token);

// Whether Host is a name of ours; otherwise reason says why not.
bool web_request_host_is_ours(const struct web_names *names, struct lws *wsi,
                              char reason[WEB_REQUEST_REASON_BYTES]);
// Whether a page of ours sends the request; otherwise reason says why not.
bool web_request_is_from_us(const struct web_names *names, struct lws *wsi,
                            char reason[WEB_REQUEST_REASON_BYTES]);
