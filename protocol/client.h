// libmocap: a program's side of the socket.
//
//     struct mocap_client *client = mocap_connect(NULL, 5000, &err);
//     if (client == NULL || !mocap_subscribe(client, NULL, 5000, &err)) ...
//     while (mocap_next(client, -1, &line, &message, &err) == MOCAP_MESSAGE) ...
//     mocap_close(client);
//
// All calls block, but never longer than their timeout_ms; -1 waits for ever,
// 0 not at all. A client belongs to one thread at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/message.h"

struct mocap_client;

// A message as it came: without its newline, NUL-terminated. Valid until the
// next call with the same client.
struct mocap_line {
    const char *text;
    size_t length;
};

enum mocap_result {
    MOCAP_MESSAGE, // line and message are set
    MOCAP_TIMEOUT, // nothing came in time
    MOCAP_CLOSED,  // the server closed the connection
    MOCAP_ERROR,   // err is set; the connection is of no more use
};

// Connects to the socket at path and reads the server's greeting. path NULL: the
// user's daemon, or the system's where the user has none. Fails when nobody
// listens, when no greeting comes in time, or when it names another major
// version of the protocol. Free with mocap_close.
struct mocap_client *mocap_connect(const char *path, int timeout_ms,
                                   struct mc_error *err) MC_MUST_USE;
void mocap_close(struct mocap_client *client); // NULL does nothing

// The greeting. Borrowed from the client.
const struct protocol_hello *mocap_hello(const struct mocap_client *client);

// Asks for the records of a stream, or of all when stream is NULL, and waits for
// the reply. The server's refusal is an error. The stream's state comes as the
// first message, its end as the last.
bool mocap_subscribe(struct mocap_client *client, const char *stream, int timeout_ms,
                     struct mc_error *err) MC_MUST_USE;

// Sends a request of the type and waits for its reply, which goes to line and
// message; an error message is a reply too. Messages that come before it are
// kept for mocap_next.
enum mocap_result mocap_request(struct mocap_client *client, enum protocol_request_type type,
                                const char *stream, int timeout_ms, struct mocap_line *line,
                                struct protocol_message *message, struct mc_error *err);

// The next message. message may be NULL for who only wants the line: it is then
// not parsed. A message that can't be parsed is an error.
enum mocap_result mocap_next(struct mocap_client *client, int timeout_ms, struct mocap_line *line,
                             struct protocol_message *message, struct mc_error *err);

// For poll(2): readable when there may be something to read. Messages may already
// wait in memory, so before polling call mocap_next with timeout 0 until MOCAP_TIMEOUT.
int mocap_fd(const struct mocap_client *client);
