#include "tools/arguments.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum tools_arguments_result tools_arguments_read(int argc, char **argv, const struct option *known,
                                                 tools_argument_fn *take, void *options,
                                                 struct mc_error *err)
{
    int found;
    while ((found = getopt_long(argc, argv, ":hV", known, NULL)) != -1) {
        if (found == 'h') {
            return TOOLS_ARGUMENTS_HELP;
        }
        if (found == 'V') {
            return TOOLS_ARGUMENTS_VERSION;
        }
        if (found == '?' || found == ':') {
            mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                         found == ':' ? "%s wants a value" : "unknown option %s", argv[optind - 1]);
            return TOOLS_ARGUMENTS_USAGE;
        }
        if (!take(options, found, optarg, err)) {
            return TOOLS_ARGUMENTS_USAGE;
        }
    }
    if (optind < argc) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "takes no argument '%s'", argv[optind]);
        return TOOLS_ARGUMENTS_USAGE;
    }
    return TOOLS_ARGUMENTS_RUN;
}

bool tools_arguments_log_level(const char *text, enum mc_log_level *level, struct mc_error *err)
{
    return mc_log_level_parse(text, level) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "--log-level wants error, warning, info or debug, got '%s'", text);
}

int tools_arguments_answer(enum tools_arguments_result result, const char *program,
                           const char *usage, const struct mc_error *err)
{
    enum { USAGE = 2 };
    if (result == TOOLS_ARGUMENTS_USAGE) {
        fprintf(stderr, "%s: %s; see %s --help\n", program, err->message, program);
        return USAGE;
    }
    if (result == TOOLS_ARGUMENTS_VERSION) {
        printf("%s " MOCAPD_VERSION "\n", program);
    } else {
        fputs(usage, stdout);
    }
    return EXIT_SUCCESS;
}
