#include "tools/mocapctl/watch_options.h"

#include <getopt.h>
#include <string.h>

#include "tools/mocapctl/command.h"

static bool parse_format(enum mocapctl_format *format, const char *text, struct mc_error *err)
{
    if (strcmp(text, "table") == 0) {
        *format = MOCAPCTL_TABLE;
    } else if (strcmp(text, "json") == 0) {
        *format = MOCAPCTL_JSON;
    } else {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--format wants json or table, got '%s'",
                            text);
    }
    return true;
}

bool mocapctl_watch_options_parse(struct mocapctl_watch_options *options, int argc, char **argv,
                                  struct mc_error *err)
{
    static const struct option known[] = {
        { "socket", required_argument, NULL, 's' },
        { "count", required_argument, NULL, 'n' },
        { "format", required_argument, NULL, 'f' },
        { NULL, 0, NULL, 0 },
    };
    int found;
    while ((found = getopt_long(argc, argv, ":n:", known, NULL)) != -1) {
        switch (found) {
        case 's':
            options->socket = optarg;
            break;
        case 'n':
            if (!mocapctl_parse_count("--count", optarg, 1, &options->count, err)) {
                return false;
            }
            break;
        case 'f':
            if (!parse_format(&options->format, optarg, err)) {
                return false;
            }
            break;
        default:
            mocapctl_option_error(err, found, argv);
            return false;
        }
    }
    if (argc - optind > 1) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "wants one stream at most, got '%s' too",
                            argv[optind + 1]);
    }
    if (optind < argc) {
        options->stream = argv[optind];
    }
    return true;
}
