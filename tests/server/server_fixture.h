// A server with one stream, m, on a real loop and a real socket. Failures end the test.
#pragma once

#include <uv.h>

#include "server/publisher.h"

extern uv_loop_t loop;
extern struct server_publisher *publisher;
extern char path[64]; // of the socket

// Of the next server; a test may add to them.
extern struct server_publisher_callbacks server_fixture_callbacks;

void server_fixture_start(const struct server_limits *limits);

// Lets the loop do what there is to do.
void server_fixture_spin(void);

// Connects, sends the requests and lets the server take them. Returns the socket, which is the
// caller's to close; reading from it does not block.
int server_fixture_join(const char *requests);

// Closes the server when it has sent what is queued.
void server_fixture_stop(void);

// Group fixtures: make the folder of the socket, and remove it.
int server_fixture_set_up(void **state);
int server_fixture_tear_down(void **state);
