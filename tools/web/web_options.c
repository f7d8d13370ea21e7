#include "tools/web/web_options.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/value.h"

static bool set_listen(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct web_listen listen = *(struct web_listen *)field;
    const char *colon = strrchr(value, ':');
    const size_t length = colon != NULL ? (size_t)(colon - value) : 0;
    struct in_addr address;
    bool good =
        length < sizeof listen.address &&
        mc_value_int(label, colon != NULL ? colon + 1 : value, 0, 65535, &listen.port, NULL);
    if (good && colon != NULL) {
        memcpy(listen.address, value, length);
        listen.address[length] = '\0';
        good = inet_pton(AF_INET, listen.address, &address) == 1;
    }
    if (!good) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be PORT or ADDRESS:PORT (IPv4), got '%.40s'", label, value);
    }
    *(struct web_listen *)field = listen;
    return true;
}

static bool add_host(void *field, const char *label, const char *value, struct mc_error *err)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    struct web_names *names = field;
    if (value[0] == '\0' || value[strspn(value, letters)] != '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be a name without scheme and port, such as desk.example, got "
                            "'%.40s'",
                            label, value);
    }
    if (names->host_count == WEB_NAMES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s '%.40s': more than %d names", label,
                            value, WEB_NAMES_MAX);
    }
    names->hosts[names->host_count++] = value;
    return true;
}

static bool add_origin(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct web_names *names = field;
    if (!web_access_is_origin(value)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be the beginning of the page's address, such as "
                            "https://studio.example, without a path, got '%.40s'",
                            label, value);
    }
    if (names->origin_count == WEB_NAMES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s '%.40s': more than %d origins", label,
                            value, WEB_NAMES_MAX);
    }
    names->origins[names->origin_count++] = value;
    return true;
}

const struct mc_option web_options_table[] = {
    { "listen", 0, "[ADDRESS:]PORT",
      "where to serve the page; default: 127.0.0.1:8040, which only this machine reaches",
      MC_OPTION_CALL, .set = set_listen, MC_OPTION_FIELD(struct web_options, listen) },
    { "host", 0, "NAME",
      "a name by which browsers may address this machine, besides localhost and IP addresses; may "
      "be repeated",
      MC_OPTION_CALL, .set = add_host, MC_OPTION_FIELD(struct web_options, names) },
    { "origin", 0, "URL",
      "the beginning of the page's address where a reverse proxy serves it, such as "
      "https://studio.example; may be repeated",
      MC_OPTION_CALL, .set = add_origin, MC_OPTION_FIELD(struct web_options, names) },
    { "socket", 0, "PATH", "where mocapd listens", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct web_options, socket) },
    { "bridge-socket", 0, "PATH", "where mocap-bridge reports its state", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct web_options, bridge) },
    { "stream", 0, "NAME", "show this stream; default: all", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct web_options, stream) },
    { "pages", 0, "DIRECTORY", "serve the page in this directory", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct web_options, pages) },
    { "log-level", 0, "LEVEL", "error, warning, info or debug; default: info", MC_OPTION_ENUM,
      .names = mc_options_log_levels, MC_OPTION_FIELD(struct web_options, log_level) },
    { 0 },
};

const struct web_options web_options_default = { .listen = { "127.0.0.1", 8040 },
                                                 .log_level = MC_LOG_INFO };
