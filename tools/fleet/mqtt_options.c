#include "tools/fleet/mqtt_options.h"

#include <stdio.h>
#include <string.h>

#include <mosquitto.h>

#include "base/log.h"
#include "base/text_file.h"
#include "base/value.h"
#include "pipeline/source/url.h"
#include "tools/fleet/fleet_options.h"
#include "tools/fleet/mqtt.h"

enum {
    PORT = 1883,
    PORT_TLS = 8883,
    LOGIN_BYTES = 512,
};

static bool parse_url(struct fleet_mqtt_address *address, char login[LOGIN_BYTES], const char *url,
                      struct mc_error *err)
{
    const char *rest = strstr(url, "://");
    address->is_tls = strncmp(url, "mqtts://", 8) == 0;
    pipeline_url_redact(url, address->url, sizeof address->url);
    if (rest == NULL || (!address->is_tls && strncmp(url, "mqtt://", 7) != 0)) {
        // Not shown: without a scheme, a password would be.
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--mqtt must be mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
    }
    rest += 3;
    const char *at = strrchr(rest, '@');
    if (at != NULL) {
        if ((size_t)(at - rest) >= LOGIN_BYTES) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--mqtt: its login is too long");
        }
        memcpy(login, rest, (size_t)(at - rest));
        login[at - rest] = '\0';
        rest = at + 1;
    }
    // An IPv6 address is in brackets.
    const char *end = rest[0] == '[' ? strchr(rest, ']') : rest + strcspn(rest, ":/");
    const char *host = rest[0] == '[' ? rest + 1 : rest;
    if (end == NULL || end == host || (size_t)(end - host) >= sizeof address->host) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--mqtt must name a host, got '%.60s'",
                            address->url);
    }
    memcpy(address->host, host, (size_t)(end - host));
    address->host[end - host] = '\0';
    end += *end == ']';
    address->port = address->is_tls ? PORT_TLS : PORT;
    if (*end == ':') {
        char number[8] = "";
        snprintf(number, sizeof number, "%.*s", (int)strcspn(end + 1, "/"), end + 1);
        return mc_value_int("--mqtt: the port", number, 1, 65535, &address->port, err);
    }
    return true;
}

static bool read_login(char login[LOGIN_BYTES], const char *path, struct mc_error *err)
{
    struct mc_text_file file = { 0 };
    bool is_good = mc_text_file_read(&file, path, err);
    if (is_good) {
        const size_t length = strcspn(file.text, "\r\n");
        is_good = (length > 0 && length < LOGIN_BYTES) ||
                  mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                               "%s: must begin with a line USER:PASSWORD", path);
        if (is_good) {
            memcpy(login, file.text, length);
            login[length] = '\0';
        }
    }
    mc_text_file_finish(&file);
    return is_good;
}

static bool check(int code, const char *what, struct mc_error *err)
{
    return code == MOSQ_ERR_SUCCESS ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: %s", what, mosquitto_strerror(code));
}

// The library takes a client's certificate only together with a file or folder of authorities. The
// folder adds nothing to those of the system, which are OpenSSL's own choice.
static bool set_tls(struct mosquitto *mosquitto, const struct fleet_options *fleet,
                    struct mc_error *err)
{
    const char *folder = fleet->ca == NULL ? "/etc/ssl/certs" : NULL;
    if (fleet->ca == NULL &&
        !check(mosquitto_int_option(mosquitto, MOSQ_OPT_TLS_USE_OS_CERTS, 1), "TLS", err)) {
        return false;
    }
    return (fleet->ca == NULL && fleet->certificate == NULL) ||
           check(mosquitto_tls_set(mosquitto, fleet->ca, folder, fleet->certificate, fleet->key,
                                   NULL),
                 "--ca, --cert, --key", err);
}

bool fleet_mqtt_options_set(struct mosquitto *mosquitto, const struct fleet_mqtt_options *options,
                            struct fleet_mqtt_address *address, struct mc_error *err)
{
    char login[LOGIN_BYTES] = "";
    bool is_good = parse_url(address, login, options->url, err) &&
                   (options->login == NULL || read_login(login, options->login, err));
    if (is_good && login[0] != '\0') {
        char *password = strchr(login, ':');
        if (password != NULL) {
            *password++ = '\0';
        }
        is_good = check(mosquitto_username_pw_set(mosquitto, login, password), "login", err);
        if (is_good && !address->is_tls) {
            mc_log(MC_LOG_WARNING, "the login goes to %s in the clear: mqtts:// would encrypt it",
                   address->url);
        }
    }
    explicit_bzero(login, sizeof login);
    return is_good && (!address->is_tls || set_tls(mosquitto, options->fleet, err));
}
