// What the parts of a subscriber are to each other: subscriber.c, subscriber_messages.c and
// subscriber_requests.c. For no other file. Thread: loop.
#pragma once

#include <stdbool.h>

struct server_subscriber;

bool server_subscriber_is_closing(const struct server_subscriber *subscriber);

// Writes the next queued message unless one is in flight. One at a time, however fast the
// client reads: the other connections get their turn in between.
void server_subscriber_pump(struct server_subscriber *subscriber);

// Resumes reading where it was paused.
void server_subscriber_read_requests(struct server_subscriber *subscriber);

// True when the peer has closed the socket, not only shut down its writing side.
bool server_subscriber_is_peer_gone(const struct server_subscriber *subscriber);

// Closes the connection, once everything queued is sent, if the peer sends no more and nothing but
// that will be sent to it.
void server_subscriber_finish_if_done(struct server_subscriber *subscriber);
