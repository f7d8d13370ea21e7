#include "tools/bridge/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/resolver.h"

static const int64_t KNOWN_NS = 60 * MC_NS_PER_SECOND; // until a name is looked up again
static const int64_t SILENT_NS = 5 * MC_NS_PER_SECOND; // until the user is told of the wait

int bridge_retry_next(int retry_ms)
{
    const int next = retry_ms == 0 ? BRIDGE_RETRY_FIRST_MS : 2 * retry_ms;
    return next < BRIDGE_RETRY_LAST_MS ? next : BRIDGE_RETRY_LAST_MS;
}

// What a name or an address may consist of: others are typing errors, which no name server will
// mend.
static bool is_host(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        const bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!is_letter && !(*at >= '0' && *at <= '9') && strchr("-._:%", *at) == NULL) {
            return false;
        }
    }
    return text[0] != '\0';
}

// A name does not end in a number: what does was meant as an IPv4 address.
static bool ends_in_number(const char *host)
{
    const char *last = strrchr(host, '.');
    last = last != NULL ? last + 1 : host;
    return last[0] != '\0' && last[strspn(last, "0123456789")] == '\0';
}

static bool is_ipv6(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1;
}

// getaddrinfo takes any number for a port, less what does not fit.
static bool is_port(const char *text)
{
    char *end;
    const long port = strtol(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port >= 1 && port <= 65535 &&
           strlen(text) <= 5;
}

// Splits text into host and port; the port stays as it is where text has none.
static bool split(struct bridge_address *address)
{
    char copy[BRIDGE_ADDRESS_BYTES];
    memcpy(copy, address->text, sizeof copy);
    char *start = copy, *after;
    if (copy[0] == '[') {
        start = copy + 1;
        char *end = strchr(start, ']');
        if (end == NULL) {
            return false;
        }
        *end = '\0';
        after = end + 1;
    } else if (is_ipv6(copy)) {
        after = copy + strlen(copy);
    } else {
        after = copy + strcspn(copy, ":");
    }
    if (*after != '\0') {
        if (*after != ':' || !is_port(after + 1)) {
            return false;
        }
        snprintf(address->port, sizeof address->port, "%.5s", after + 1);
        *after = '\0';
    }
    snprintf(address->host, sizeof address->host, "%s", start);
    return is_host(address->host);
}

// Takes the addresses found. Returns whether they are others than before.
static bool take(struct bridge_address *address, const struct addrinfo *found)
{
    struct sockaddr_storage taken[BRIDGE_ADDRESSES_MAX];
    int count = 0;
    memset(taken, 0, sizeof taken);
    for (; found != NULL && count < BRIDGE_ADDRESSES_MAX; found = found->ai_next) {
        if (found->ai_addrlen <= sizeof taken[0]) {
            memcpy(&taken[count], found->ai_addr, found->ai_addrlen);
            address->sizes[count++] = found->ai_addrlen;
        }
    }
    const bool is_same =
        count == address->count && memcmp(taken, address->found, sizeof taken) == 0;
    memcpy(address->found, taken, sizeof taken);
    address->count = count;
    return !is_same;
}

bool bridge_address_init(struct bridge_address *address, const char *text, const char *default_port,
                         struct mc_error *err)
{
    memset(address, 0, sizeof *address);
    snprintf(address->port, sizeof address->port, "%s", default_port);
    if (snprintf(address->text, sizeof address->text, "%s", text) >= (int)sizeof address->text ||
        !split(address)) {
        return mc_error_set(
            err, MC_ERROR_ARGUMENT, 0,
            "must be HOST, HOST:PORT or [IPv6]:PORT with a port from 1 to 65535, got '%.80s'",
            text);
    }
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST };
    struct addrinfo *found;
    address->is_name = getaddrinfo(address->host, address->port, &hints, &found) != 0;
    if (!address->is_name) {
        take(address, found);
        freeaddrinfo(found);
    } else if (ends_in_number(address->host)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "must be a name or an IP address, got '%.80s'", address->host);
    }
    return true;
}

void bridge_address_finish(struct bridge_address *address)
{
    mc_resolver_release(address->resolver);
    address->resolver = NULL;
}

bool bridge_address_update(struct bridge_address *address, int64_t now_ns)
{
    if (address->resolver == NULL) {
        if (address->is_name && now_ns >= address->next_ns) {
            address->resolver = mc_resolver_start(address->host, address->port, SOCK_DGRAM);
            address->since_ns = now_ns;
            address->next_ns = now_ns + BRIDGE_RETRY_LAST_MS * MC_NS_PER_MS; // if it did not start
        }
        return false;
    }
    int status;
    struct addrinfo *found;
    if (!mc_resolver_done(address->resolver, &status, &found)) {
        if (now_ns - address->since_ns > SILENT_NS) {
            address->failure = "the name server does not answer";
        }
        return false;
    }
    bool has_changed = false;
    if (status == 0) {
        address->failure = NULL;
        address->retry_ms = 0;
        address->next_ns = now_ns + KNOWN_NS;
        has_changed = take(address, found);
    } else { // those found before may still be right
        address->failure = gai_strerror(status);
        address->retry_ms = bridge_retry_next(address->retry_ms);
        address->next_ns = now_ns + address->retry_ms * MC_NS_PER_MS;
    }
    bridge_address_finish(address);
    return has_changed;
}

void bridge_address_doubt(struct bridge_address *address, int64_t now_ns)
{
    address->retry_ms = bridge_retry_next(address->retry_ms);
    const int64_t soon = now_ns + address->retry_ms * MC_NS_PER_MS;
    address->next_ns = soon < address->next_ns ? soon : address->next_ns;
}
