// Answers to HTTP requests that are not files. Each returns what a callback of libwebsockets does:
// 0, or -1 to close the connection.
#pragma once

#include <stddef.h>

struct lws;

// Sends a text; HEAD gets its headers alone. Plain text unless type says otherwise.
int web_answer(struct lws *wsi, unsigned status, const char *type, const char *text, size_t length);

// Refuses a request with a sentence that says why.
int web_answer_refuse(struct lws *wsi, unsigned status, const char *reason);

// After an answer: keeps the connection for the next request if the client asked for it.
int web_answer_end(struct lws *wsi);
