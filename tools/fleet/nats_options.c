#include "tools/fleet/nats_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text_file.h"
#include "base/value.h"
#include "pipeline/source/url.h"
#include "tools/fleet/fleet_options.h"

enum {
    SERVERS_MAX = 16,
    CONNECT_MS = 2000,      // to one server, at most;
    CONNECT_LEAST_MS = 500, // of many servers, at least:
    CONNECT_ALL_MS = 6000,  // as nothing ends an attempt at all of them
    LOGIN_BYTES = 512,
    URL_BYTES = 1024,
};

static bool check(natsStatus status, const char *what, struct mc_error *err)
{
    return status == NATS_OK ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: %s", what, natsStatus_GetText(status));
}

// Whether the URL, whose scheme is good, names a host, and a port or none. The library takes any
// number, and tries for ever. The URL isn't shown, as it may have a password.
static bool check_server(const char *url, struct mc_error *err)
{
    char complete[URL_BYTES], host[URL_BYTES], port[16];
    int number;
    const int length = snprintf(complete, sizeof complete, "%s:4222", url);
    const bool is_short = length > 0 && length < (int)sizeof complete;
    return (is_short &&
            (pipeline_url_endpoint(url, host, sizeof host, port, sizeof port) ||
             pipeline_url_endpoint(complete, host, sizeof host, port, sizeof port)) &&
            host[0] != '\0' && mc_value_int("", port, 1, 65535, &number, NULL)) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "--nats: each server must be nats://HOST or nats://HOST:PORT, or tls://, "
                        "with a port from 1 to 65535");
}

// Replies come to inboxes. Those of a user have the user's name, so that a broker can let each user
// read its own alone: the fleet's bucket holds passwords. user may be anything; what cannot be part
// of a subject leaves the usual inboxes.
static bool set_inbox(natsOptions *options, const char *user, size_t length, struct mc_error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    char prefix[URL_BYTES];
    const int written = snprintf(prefix, sizeof prefix, "_INBOX.%.*s", (int)length, user);
    if (length == 0 || strspn(user, allowed) < length || written >= (int)sizeof prefix) {
        return true;
    }
    return check(natsOptions_SetCustomInboxPrefix(options, prefix), "inbox", err);
}

// Of the first of nats://USER:PASSWORD@HOST, ...
static bool set_inbox_of_url(natsOptions *options, const char *urls, struct mc_error *err)
{
    const char *user = strstr(urls, "://") + 3;
    const size_t length = strcspn(user, ":@/, ");
    const bool has_user = user[length] == ':' && memchr(user, '@', strcspn(user, ", ")) != NULL;
    return !has_user || set_inbox(options, user, length, err);
}

static bool set_servers(natsOptions *options, const struct fleet_options *fleet, const char *shown,
                        struct mc_error *err)
{
    char *text = strdup(fleet->nats);
    const char *servers[SERVERS_MAX];
    int count = 0;
    bool is_good =
        text != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for --nats");
    bool is_secure = false;
    char *rest = NULL;
    for (char *url = is_good ? strtok_r(text, ", ", &rest) : NULL; url != NULL;
         url = strtok_r(NULL, ", ", &rest)) {
        if (count == SERVERS_MAX) {
            is_good = mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--nats must name at most %d servers",
                                   SERVERS_MAX);
            break;
        }
        if (strncmp(url, "nats://", 7) != 0 && strncmp(url, "tls://", 6) != 0) {
            // Not shown: without a scheme, a password would be.
            is_good = mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                   "--nats: each server must begin with nats:// or tls://");
            break;
        }
        if (!check_server(url, err)) {
            is_good = false;
            break;
        }
        is_secure |= strncmp(url, "tls://", 6) == 0;
        servers[count++] = url;
    }
    is_good = is_good &&
              (count > 0 || mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--nats must name a server")) &&
              check(natsOptions_SetServers(options, servers, count), "--nats", err) &&
              (!is_secure || check(natsOptions_SetSecure(options, true), "TLS", err));
    if (count > 0) {
        const int each_ms = CONNECT_ALL_MS / count;
        const int least_ms = each_ms < CONNECT_LEAST_MS ? CONNECT_LEAST_MS : each_ms;
        natsOptions_SetTimeout(options, least_ms > CONNECT_MS ? CONNECT_MS : least_ms);
    }
    free(text);
    if (is_good && !is_secure && (fleet->login != NULL || strchr(fleet->nats, '@') != NULL)) {
        mc_log(MC_LOG_WARNING, "the login goes to %s in the clear: tls:// would encrypt it", shown);
    }
    return is_good;
}

static bool set_login(natsOptions *options, const char *path, struct mc_error *err)
{
    struct mc_text_file file = { 0 };
    char line[LOGIN_BYTES];
    bool is_good = mc_text_file_read(&file, path, err);
    if (is_good) {
        const size_t length = strcspn(file.text, "\r\n");
        is_good = (length > 0 && length < sizeof line) ||
                  mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                               "%s: must begin with a line USER:PASSWORD or a token", path);
        if (is_good) {
            memcpy(line, file.text, length);
            line[length] = '\0';
            char *colon = strchr(line, ':');
            if (colon != NULL) {
                *colon = '\0';
                is_good = check(natsOptions_SetUserInfo(options, line, colon + 1), path, err) &&
                          set_inbox(options, line, (size_t)(colon - line), err);
            } else {
                is_good = check(natsOptions_SetToken(options, line), path, err);
            }
        }
    }
    explicit_bzero(line, sizeof line);
    mc_text_file_finish(&file);
    return is_good;
}

static bool is_readable(const char *path, struct mc_error *err)
{
    return access(path, R_OK) == 0 || mc_error_set_errno(err, "%s", path);
}

static bool set_secrets(natsOptions *options, const struct fleet_options *fleet,
                        struct mc_error *err)
{
    if (fleet->login != NULL && !set_login(options, fleet->login, err)) {
        return false;
    }
    if (fleet->credentials != NULL &&
        (!is_readable(fleet->credentials, err) ||
         !check(natsOptions_SetUserCredentialsFromFiles(options, fleet->credentials, NULL),
                fleet->credentials, err))) {
        return false;
    }
    if (fleet->ca != NULL &&
        (!is_readable(fleet->ca, err) ||
         !check(natsOptions_LoadCATrustedCertificates(options, fleet->ca), fleet->ca, err))) {
        return false;
    }
    return fleet->certificate == NULL ||
           (is_readable(fleet->certificate, err) && is_readable(fleet->key, err) &&
            check(natsOptions_LoadCertificatesChain(options, fleet->certificate, fleet->key),
                  fleet->certificate, err));
}

bool fleet_nats_options_set(natsOptions *options, const struct fleet_options *fleet,
                            const char *shown, struct mc_error *err)
{
    return set_servers(options, fleet, shown, err) && set_secrets(options, fleet, err) &&
           set_inbox_of_url(options, fleet->nats, err); // its user counts before that of --login
}
