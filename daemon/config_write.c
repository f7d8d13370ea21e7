// What the daemon would run, as text of a configuration file.
#include <string.h>

#include "base/option_values.h"
#include "daemon/config.h"
#include "daemon/options.h"
#include "daemon/stream.h"

static void write_stream(const struct daemon_options *options,
                         const struct daemon_stream_options *stream, FILE *out)
{
    const struct daemon_stream_settings settings =
        daemon_stream_settings_merge(&options->settings, &stream->settings);
    struct daemon_stream_options shown = *stream;
    shown.on_demand = daemon_stream_is_on_demand(stream);
    shown.password[0] = '\0';
    fprintf(out, "\n[stream %s]\n", stream->name);
    mc_option_values_write(daemon_stream_table, &shown, out);
    if (stream->password[0] != '\0') {
        fputs("# with a password, which is not shown\n", out);
    }
    mc_option_values_write(daemon_settings_table, &settings, out);
}

void daemon_config_write(const struct daemon_options *options, FILE *out)
{
    const struct daemon_stream_settings settings =
        daemon_stream_settings_merge(&options->settings, NULL);
    mc_option_values_write(daemon_options_table, options, out);
    mc_option_values_write(daemon_settings_table, &settings, out);
    for (int i = 0; i < options->stream_count; i++) {
        write_stream(options, &options->streams[i], out);
    }
}
