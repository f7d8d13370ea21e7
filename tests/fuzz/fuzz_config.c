// The daemon's configuration file: it is refused with a reason, or gives options that hold.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/command_line.h"
#include "daemon/options.h"
#include "daemon/stream.h"
#include "pipeline/motion/motion.h"
#include "pipeline/stream.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void resolve(const struct daemon_options *options)
{
    for (int i = 0; i < options->stream_count; i++) {
        struct pipeline_motion_options motion;
        struct pipeline_stream_options stream;
        daemon_stream_resolve(options, &options->streams[i], &motion, &stream);
        if (stream.url[0] == '\0' || stream.max_faces < 0 ||
            stream.max_faces > PROTOCOL_FACES_MAX) {
            abort();
        }
        (void)daemon_stream_is_on_demand(&options->streams[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct daemon_options options;
    struct mc_error err = { 0 };
    if (size == 0 || memmem(data, size, "password-file", 13) != NULL) {
        return 0; // it would read other files
    }
    char name[] = "mocapd", option[] = "--config", path[64];
    strcpy(path, fuzz_file(data, size));
    char *argv[] = { name, option, path, NULL };
    if (daemon_command_line_read(&options, 3, argv, &err) == DAEMON_COMMAND_LINE_RUN) {
        resolve(&options);
    } else if (err.message[0] == '\0') {
        abort();
    }
    return 0;
}
