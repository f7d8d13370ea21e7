#include "daemon/command_line.h"

#include "daemon/config.h"
#include "daemon/options.h"

static enum mc_options_result read_words(struct daemon_options *options, int argc,
                                         char *const *argv, struct mc_error *err)
{
    const struct mc_options scopes[] = { { daemon_options_table, options },
                                         { daemon_settings_table, &options->settings } };
    int used = 0;
    enum mc_options_result result = mc_options_parse(scopes, 2, argc, argv, &used, err);
    if (result == MC_OPTIONS_RUN && used < argc) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "unexpected argument '%.80s'; to watch a file or a camera: --stream NAME=URL",
                     argv[used]);
        return MC_OPTIONS_USAGE;
    }
    return result;
}

enum daemon_command_line_result daemon_command_line_read(struct daemon_options *options, int argc,
                                                         char *const *argv, struct mc_error *err)
{
    *options = daemon_options_default;
    enum mc_options_result result = read_words(options, argc, argv, err);
    const char *config = options->config;
    if (result == MC_OPTIONS_RUN && config != NULL) {
        // Again, over what the file says.
        *options = daemon_options_default;
        if (!daemon_config_read(options, config, err)) {
            return DAEMON_COMMAND_LINE_CONFIG;
        }
        result = read_words(options, argc, argv, err);
    }
    return result == MC_OPTIONS_RUN       ? DAEMON_COMMAND_LINE_RUN
           : result == MC_OPTIONS_HELP    ? DAEMON_COMMAND_LINE_HELP
           : result == MC_OPTIONS_VERSION ? DAEMON_COMMAND_LINE_VERSION
                                          : DAEMON_COMMAND_LINE_USAGE;
}

// Keys have no dashes: they are no options of the command line.
static void write_keys(const struct mc_option *table, FILE *out)
{
    enum { COLUMN = 26 };
    for (; table->name != NULL; table++) {
        int length = fprintf(out, "  %s = %s", table->name, table->value);
        fprintf(out, "%*s", length + 2 > COLUMN ? 2 : COLUMN - length, "");
        mc_options_write_wrapped(table->help, COLUMN, out);
    }
}

void daemon_command_line_write_help(FILE *out)
{
    fputs("usage: mocapd [options]\n"
          "\n"
          "Watches video and publishes how the faces in it move, on a Unix socket.\n"
          "\n",
          out);
    mc_options_write_help(daemon_options_table, MC_OPTION_NAMED, true, out);
    fputs("\nOptions of all streams; the section of a stream may say otherwise:\n", out);
    mc_options_write_help(daemon_settings_table, MC_OPTION_NAMED, false, out);
    fputs("\nThe file has lines of name = value, where the names are those of the options, and\n"
          "sections of streams, [stream NAME], which also take:\n",
          out);
    write_keys(daemon_stream_table, out);
}
