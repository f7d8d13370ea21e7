// What connections may cost. All are per server unless said otherwise.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    SERVER_CONNECTIONS_MAX = 1024, // the default, and the most that can be configured
    SERVER_SEND_BYTES = 16 * 1024, // the kernel's buffer of one connection; it takes twice that
    SERVER_PAUSE_MS = 2,           // between two handfuls of
    SERVER_ACCEPTS_AT_ONCE = 3,    // connections taken,
    SERVER_REQUESTS_AT_ONCE = 3,   // of requests answered, of all connections,
    SERVER_CHECKS_AT_ONCE = 32,    // and of connections looked at
    SERVER_CHECK_MS = 250,         // between two looks at every connection, in which
    SERVER_REQUESTS_A_CHECK = 8,   // one may send so many requests,
    SERVER_REQUESTS_SAVED = 32,    // and so many when it has sent none for a while
    SERVER_LOGS_A_CHECK = 16,      // and so many lines are logged about them
    SERVER_STATES_MS = 1000,       // between two messages that a stream is down
};

struct server_limits {
    int connections;      // more are told so and closed
    uint64_t stuck_ms;    // a write that makes no progress for so long closes its connection
    uint64_t greeting_ms; // so does a first request that does not come
    // Memory of messages that wait for subscribers. Over it, only those who have
    // nothing waiting get records; the others miss them.
    size_t pending_bytes;
};

#define SERVER_LIMITS_DEFAULT                                                                      \
    {                                                                                              \
        .connections = SERVER_CONNECTIONS_MAX, .stuck_ms = 30000, .greeting_ms = 30000,            \
        .pending_bytes = 32 * 1024 * 1024                                                          \
    }
