// One name being looked up, on a thread of its own: getaddrinfo may take minutes where a name
// server does not answer, and cannot be stopped.
#pragma once

#include <netdb.h>
#include <stdbool.h>

struct mc_resolver;

// Starts looking up, for sockets of that type (SOCK_STREAM, SOCK_DGRAM); port NULL: the host alone.
// Returns NULL when there is no memory or no thread for it.
struct mc_resolver *mc_resolver_start(const char *host, const char *port, int type);

// Whether the answer has arrived: *status is getaddrinfo's, and *found the addresses if that is 0.
// found belongs to the resolver. Never blocks.
bool mc_resolver_done(struct mc_resolver *resolver, int *status, struct addrinfo **found);

// Lets go of it; a look-up under way ends by itself. NULL does nothing.
void mc_resolver_release(struct mc_resolver *resolver);
