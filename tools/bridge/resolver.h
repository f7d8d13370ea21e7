// One name being looked up, on a thread of its own: getaddrinfo may take minutes where a name
// server does not answer, and cannot be stopped.
#pragma once

#include <netdb.h>
#include <stdbool.h>

struct bridge_resolver;

// Starts looking up. NULL when there is no memory or no thread for it.
struct bridge_resolver *bridge_resolver_start(const char *host, const char *port);

// Whether the answer has arrived: *status is getaddrinfo's, and *found the addresses if that is 0.
// found belongs to the resolver. Never blocks.
bool bridge_resolver_done(struct bridge_resolver *resolver, int *status, struct addrinfo **found);

// Lets go of it; a look-up under way ends by itself. NULL does nothing.
void bridge_resolver_release(struct bridge_resolver *resolver);
