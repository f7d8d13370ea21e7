// One page's WebSocket: sends it what is new on the board, answers its pings, and passes its
// requests on to mocapd. Thread: loop. libwebsockets calls for what is here return 0, or -1 to
// close the connection.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "protocol/request.h"
#include "tools/web/board.h"

struct lws;
struct web_call;
struct web_calls;

enum { WEB_BROWSER_REQUEST_BYTES = 4096 }; // longer ones end the connection

// What all browsers share; borrowed.
struct web_browsers {
    struct web_board *board;
    const char *token;
    struct web_calls *calls;
    struct protocol_buffer text; // being encoded
};

struct web_browser {
    struct lws *wsi;
    bool counted;                           // by the server
    uint64_t seen[WEB_BOARD_SLOTS];         // versions sent
    int last;                               // slot
    int64_t sent_ns[WEB_BOARD_STREAMS_MAX]; // when a record of each was, last
    bool has_stage;                         // the page has said which stream it shows in full
    int stage;                              // that stream; -1: none
    char text[WEB_BROWSER_REQUEST_BYTES];   // of a message, as far as it has arrived
    size_t length;
    bool is_asked; // a pong or a refusal waits to be sent
    struct protocol_request request;
    struct protocol_error refusal; // message "": there is none
    struct web_call *call;         // to mocapd, under way; NULL: none
    struct protocol_id call_id;
    char *reply; // to it, waiting to be sent; NULL: none
};

void web_browser_begin(struct web_browser *browser, struct lws *wsi);
void web_browser_end(struct web_browser *browser);

// A message from the page, or a part of one: frames may arrive in pieces, and messages in frames.
int web_browser_read(struct web_browsers *browsers, struct web_browser *browser, const char *text,
                     size_t length);

// Sends one message: what libwebsockets could not send at once it keeps, and asks again when that
// is gone.
int web_browser_write(struct web_browsers *browsers, struct web_browser *browser);
