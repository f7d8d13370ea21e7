#include "base/resolver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { HOST_BYTES = 256, PORT_BYTES = 8 };

struct mc_resolver {
    atomic_int owners; // the caller, and the thread while it runs
    atomic_bool is_done;
    char host[HOST_BYTES], port[PORT_BYTES]; // port "": whatever it is
    int type, status;
    struct addrinfo *found; // owned
};

void mc_resolver_release(struct mc_resolver *resolver)
{
    if (resolver != NULL && atomic_fetch_sub(&resolver->owners, 1) == 1) {
        if (resolver->found != NULL) {
            freeaddrinfo(resolver->found);
        }
        free(resolver);
    }
}

static void *run(void *argument)
{
    struct mc_resolver *resolver = argument;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = resolver->type,
                                    .ai_flags = AI_NUMERICSERV };
    const char *port = resolver->port[0] != '\0' ? resolver->port : NULL;
    resolver->status = getaddrinfo(resolver->host, port, &hints, &resolver->found);
    if (resolver->status != 0) {
        resolver->found = NULL;
    }
    atomic_store(&resolver->is_done, true);
    mc_resolver_release(resolver);
    return NULL;
}

struct mc_resolver *mc_resolver_start(const char *host, const char *port, int type)
{
    struct mc_resolver *resolver = calloc(1, sizeof *resolver);
    pthread_t thread;
    if (resolver == NULL) {
        return NULL;
    }
    atomic_init(&resolver->owners, 2);
    resolver->type = type;
    snprintf(resolver->host, sizeof resolver->host, "%s", host);
    snprintf(resolver->port, sizeof resolver->port, "%s", port != NULL ? port : "");
    if (pthread_create(&thread, NULL, run, resolver) != 0) {
        free(resolver);
        return NULL;
    }
    pthread_detach(thread);
    return resolver;
}

bool mc_resolver_done(struct mc_resolver *resolver, int *status, struct addrinfo **found)
{
    if (!atomic_load(&resolver->is_done)) {
        return false;
    }
    *status = resolver->status;
    *found = resolver->found;
    return true;
}
