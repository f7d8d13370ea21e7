#include "daemon/defaults.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "nn/model.h"
#include "pipeline/worker.h"
#include "protocol/endpoint.h"
#include "server/admission.h"

// The webcam if there is one, else the built-in clip, for ever. A service waits for the webcam:
// its subscribers would take the clip for a person at the camera.
static bool add_stream(struct daemon_options *options, struct mc_error *err)
{
    const char *camera = "/dev/video0";
    struct daemon_stream_options *stream = daemon_options_add_stream(options, "main", err);
    if (stream == NULL) {
        return false;
    }
    options->has_default_stream = true;
    if (daemon_notify_is_service() || access(camera, F_OK) == 0) {
        mc_log(MC_LOG_INFO, "no stream given: watching %s", camera);
        snprintf(stream->url, sizeof stream->url, "v4l2:%s", camera);
    } else {
        mc_log(MC_LOG_INFO, "no stream given, and no %s: watching the built-in clip", camera);
        snprintf(stream->url, sizeof stream->url, "demo:");
        stream->settings.repeat = options->exit_on_end ? -1 : 1;
    }
    return true;
}

static bool set_socket(struct daemon_options *options, struct mc_error *err)
{
    char path[PROTOCOL_ENDPOINT_BYTES];
    if (!protocol_endpoint_default(path, err)) {
        return false;
    }
    snprintf(options->socket, sizeof options->socket, "%s", path); // it is smaller
    return true;
}

// The expression model that comes with mocapd reads from the landmarks of the model that does.
static bool set_expression(struct daemon_options *options, struct mc_error *err)
{
    return options->expression[0] != '\0' || options->model[0] != '\0' ||
           mc_path_data(options->expression, sizeof options->expression, NN_EXPRESSION_DEFAULT_FILE,
                        err);
}

static int worker_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1                      ? 1
           : processors > PIPELINE_WORKERS_MAX ? PIPELINE_WORKERS_MAX
                                               : (int)processors;
}

void daemon_defaults_keep_stream(struct daemon_options *options,
                                 const struct daemon_options *running)
{
    if (options->stream_count == 0 && running->has_default_stream) {
        options->streams[options->stream_count++] = running->streams[0];
        options->has_default_stream = true;
    }
}

bool daemon_defaults_fill(struct daemon_options *options, struct mc_error *err)
{
    options->workers = options->workers > 0 ? options->workers : worker_count();
    if (options->max_connections_per_user == 0) {
        options->max_connections_per_user =
            server_admission_default_share(options->max_connections);
    }
    return (options->socket[0] != '\0' || set_socket(options, err)) &&
           set_expression(options, err) &&
           (options->model[0] != '\0' ||
            mc_path_data(options->model, sizeof options->model, NN_MODEL_DEFAULT_FILE, err)) &&
           (options->locator[0] != '\0' || mc_path_data(options->locator, sizeof options->locator,
                                                        NN_LOCATOR_DEFAULT_FILE, err)) &&
           (options->stream_count > 0 || add_stream(options, err));
}
