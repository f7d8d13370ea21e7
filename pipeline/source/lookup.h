// Names of hosts, looked up without outlasting a stop: getaddrinfo takes tens of seconds where a
// name server does not answer, and nothing interrupts it, not even FFmpeg's callback. Thread:
// capture.
#pragma once

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct mc_resolver;
struct pipeline_stop;

// What a host that is an address already stands for; NULL when it is a name. Never blocks; free
// with freeaddrinfo.
struct addrinfo *pipeline_lookup_address(const char *host, const char *port);

// Waits for the resolver's answer until the monotonic time until_ns, or until stop is set. Returns
// whether it has come: *status and *found as from mc_resolver_done.
bool pipeline_lookup_wait(struct mc_resolver *resolver, struct pipeline_stop *stop,
                          int64_t until_ns, int *status, struct addrinfo **found);

// Looks up the host that FFmpeg will connect to for a network URL, or its proxy's, before FFmpeg
// does, so that FFmpeg's own look-up has its answer near. URLs without a host pass. False and err
// when the name can't be resolved by until_ns, or stop is set.
bool pipeline_lookup_host(const char *url, struct pipeline_stop *stop, int64_t until_ns,
                          struct mc_error *err) MC_MUST_USE;
