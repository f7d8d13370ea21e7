#include "tools/web/options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char web_options_usage[] =
    "usage: mocap-web [OPTION]...\n"
    "\n"
    "Serves a page that shows what mocapd sees, with an avatar that moves.\n"
    "\n"
    "  --listen [ADDRESS:]PORT  default 127.0.0.1:8040: this machine alone\n"
    "  --host NAME              a name by which browsers may call this machine,\n"
    "                           beside localhost and addresses; may be repeated\n"
    "  --socket PATH            where mocapd listens\n"
    "  --stream NAME            show this one alone\n"
    "  --pages DIRECTORY        another page\n"
    "  --log-level LEVEL        error, warning, info, debug\n"
    "  --version, --help\n";

static bool parse_listen(struct web_options *options, const char *text, struct mc_error *err)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon != NULL ? colon + 1 : text;
    const size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    char *end;
    const long port = strtol(digits, &end, 10);
    struct in_addr address;
    bool good = *digits >= '0' && *digits <= '9' && *end == '\0' && port <= 65535 &&
                length < sizeof options->address;
    if (good && colon != NULL) {
        memcpy(options->address, text, length);
        options->address[length] = '\0';
        good = inet_pton(AF_INET, options->address, &address) == 1;
    }
    options->port = (int)port;
    return good || mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "--listen wants PORT or ADDRESS:PORT, got '%s'", text);
}

static bool add_host(struct web_options *options, const char *name, struct mc_error *err)
{
    if (options->hosts.count == WEB_HOSTS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "more than %d of --host", WEB_HOSTS_MAX);
    }
    options->hosts.names[options->hosts.count++] = name;
    return true;
}

static bool take_option(void *user, int letter, char *value, struct mc_error *err)
{
    struct web_options *options = user;
    switch (letter) {
    case 'l':
        return parse_listen(options, value, err);
    case 'o':
        return add_host(options, value, err);
    case 's':
        options->socket = value;
        return true;
    case 'n':
        options->stream = value;
        return true;
    case 'p':
        options->pages = value;
        return true;
    default:
        return tools_arguments_log_level(value, &options->log_level, err);
    }
}

enum tools_arguments_result web_options_parse(struct web_options *options, int argc, char **argv,
                                              struct mc_error *err)
{
    static const struct option known[] = {
        { "listen", required_argument, NULL, 'l' },
        { "host", required_argument, NULL, 'o' },
        { "socket", required_argument, NULL, 's' },
        { "stream", required_argument, NULL, 'n' },
        { "pages", required_argument, NULL, 'p' },
        { "log-level", required_argument, NULL, 'g' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    *options =
        (struct web_options){ .address = "127.0.0.1", .port = 8040, .log_level = MC_LOG_INFO };
    return tools_arguments_read(argc, argv, known, take_option, options, err);
}
