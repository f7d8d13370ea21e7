#include "daemon/options.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/value.h"
#include "daemon/secrets.h"
#include "pipeline/source/url.h"
#include "pipeline/source/url_scheme.h"
#include "pipeline/worker.h"
#include "server/publisher.h"

enum { DAY_S = 24 * 60 * 60 };

#define SETTINGS_NOT_GIVEN                                                                         \
    {                                                                                              \
        .full_frame = -1, .rotation = DAEMON_ROTATION_NOT_GIVEN, .mirror = -1, .repeat = -1,       \
        .isolate = -1, .smooth = -1, .smooth_min_cutoff = -1, .smooth_beta = -1, .fov = -1         \
    }

const struct daemon_options daemon_options_default = {
    .linger_s = 10,
    .max_connections = SERVER_CONNECTIONS_MAX,
    .stuck_timeout_s = 30,
    .log_level = MC_LOG_INFO,
    .settings = SETTINGS_NOT_GIVEN,
};

// ---- Values that are more than a number or a word

static bool set_region(void *field, const char *label, const char *value, struct mc_error *err)
{
    enum { PIXELS_MAX = 65536 }; // no video is larger
    struct daemon_stream_settings *settings = field;
    double numbers[4];
    if (!mc_value_reals(label, value, 0, PIXELS_MAX, numbers, 4, NULL) || !(numbers[2] > 0) ||
        !(numbers[3] > 0)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be x,y,w,h in pixels up to %d, w and h above 0, got '%.40s'",
                            label, PIXELS_MAX, value);
    }
    settings->region = (struct pipeline_region){ (float)numbers[0], (float)numbers[1],
                                                 (float)numbers[2], (float)numbers[3] };
    settings->full_frame = -1;
    return true;
}

static void get_region(const void *field, char *text, size_t size)
{
    const struct pipeline_region *region = &((const struct daemon_stream_settings *)field)->region;
    text[0] = '\0';
    if (region->width > 0) {
        snprintf(text, size, "%.9g,%.9g,%.9g,%.9g", (double)region->x, (double)region->y,
                 (double)region->width, (double)region->height);
    }
}

static bool set_full_frame(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct daemon_stream_settings *settings = field;
    bool yes;
    if (!mc_value_boolean(label, value, &yes, err)) {
        return false;
    }
    settings->full_frame = yes;
    if (yes) {
        settings->region = (struct pipeline_region){ 0 };
    }
    return true;
}

static void get_full_frame(const void *field, char *text, size_t size)
{
    const int yes = ((const struct daemon_stream_settings *)field)->full_frame;
    snprintf(text, size, "%s", yes < 0 ? "" : yes > 0 ? "yes" : "no");
}

// WIDTHxHEIGHT; frames of any shape may have as many pixels.
static bool set_max_frame_size(void *field, const char *label, const char *value,
                               struct mc_error *err)
{
    enum { EDGE_MIN = 16, EDGE_MAX = 32768 };
    struct daemon_stream_settings *settings = field;
    int width = 0, height = 0, end = 0;
    if (value[strspn(value, "0123456789x")] != '\0' ||
        sscanf(value, "%5dx%5d%n", &width, &height, &end) != 2 || value[end] != '\0' ||
        width < EDGE_MIN || width > EDGE_MAX || height < EDGE_MIN || height > EDGE_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be WIDTHxHEIGHT, each %d to %d, got '%.40s'", label, EDGE_MIN,
                            EDGE_MAX, value);
    }
    settings->max_frame_width = width;
    settings->max_frame_height = height;
    return true;
}

static void get_max_frame_size(const void *field, char *text, size_t size)
{
    const struct daemon_stream_settings *settings = field;
    text[0] = '\0';
    if (settings->max_frame_width > 0) {
        snprintf(text, size, "%dx%d", settings->max_frame_width, settings->max_frame_height);
    }
}

static bool set_fov(void *field, const char *label, const char *value, struct mc_error *err)
{
    float *degrees = field;
    double given = 0; // estimated
    if (strcmp(value, "auto") != 0 &&
        !mc_value_real(label, value, PROTOCOL_FOV_MIN, PROTOCOL_FOV_MAX, &given, NULL)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be auto or a number from %g to %g, got '%.40s'", label,
                            PROTOCOL_FOV_MIN, PROTOCOL_FOV_MAX, value);
    }
    *degrees = (float)given;
    return true;
}

static void get_fov(const void *field, char *text, size_t size)
{
    const float degrees = *(const float *)field;
    text[0] = '\0';
    if (degrees > 0) {
        snprintf(text, size, "%.9g", (double)degrees);
    } else if (!(degrees < 0)) {
        snprintf(text, size, "auto");
    }
}

// Errors do not hold the URL: it may contain a password.
static bool set_url(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct daemon_stream_options *stream = field;
    if (value[0] == '~') {
        return mc_error_set(
            err, MC_ERROR_ARGUMENT, 0,
            "%s must be a full path: ~ stands for the home directory in shells only", label);
    }
    return mc_value_text(label, value, stream->url, sizeof stream->url, err) &&
           ((pipeline_url_check_scheme(value, err) && daemon_secrets_check_url(value, err)) ||
            mc_error_wrap(err, "%s", label));
}

// Without its secrets: only servers have any.
static void get_url(const void *field, char *text, size_t size)
{
    const char *url = ((const struct daemon_stream_options *)field)->url, *rest;
    if (pipeline_url_is_network(pipeline_url_parse(url, &rest))) {
        pipeline_url_redact(url, text, size);
    } else {
        snprintf(text, size, "%s", url);
    }
}

static bool set_password_file(void *field, const char *label, const char *value,
                              struct mc_error *err)
{
    return daemon_secrets_read_password(field, value, err) || mc_error_wrap(err, "%s", label);
}

// NAME=URL
static bool add_stream(void *field, const char *label, const char *value, struct mc_error *err)
{
    const char *equals = strchr(value, '=');
    char name[PROTOCOL_NAME_BYTES];
    size_t length = equals == NULL ? 0 : (size_t)(equals - value);
    if (equals == NULL || memchr(value, '/', length) != NULL) {
        char shown[DAEMON_URL_BYTES];
        pipeline_url_redact(value, shown, sizeof shown);
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be NAME=URL, got '%.80s'", label,
                            shown);
    }
    if (length >= sizeof name) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: a name must be 1 to %zu bytes, got %zu",
                            label, sizeof name - 1, length);
    }
    memcpy(name, value, length);
    name[length] = '\0';
    struct daemon_stream_options *stream = daemon_options_add_stream(field, name, err);
    return (stream != NULL && set_url(stream, "URL", equals + 1, err)) ||
           mc_error_wrap(err, "%s", label);
}

// A group by its name or number.
static bool set_group(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct daemon_options *options = field;
    options->control_group = 0;
    int number;
    const struct group *group = getgrnam(value);
    if (group != NULL) {
        options->control_group = group->gr_gid;
    } else if (mc_value_int(label, value, 1, INT_MAX, &number, NULL)) {
        options->control_group = (gid_t)number;
    }
    return options->control_group != 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "%s must be a group of this system, other than root's, got '%.40s'", label,
                        value);
}

static void get_group(const void *field, char *text, size_t size)
{
    const gid_t number = ((const struct daemon_options *)field)->control_group;
    const struct group *group = number == 0 ? NULL : getgrgid(number);
    text[0] = '\0';
    if (group != NULL) {
        snprintf(text, size, "%s", group->gr_name);
    } else if (number != 0) {
        snprintf(text, size, "%lu", (unsigned long)number);
    }
}

// ---- Tables

#define DAEMON_FIELD(field) MC_OPTION_FIELD(struct daemon_options, field)
#define SETTING_FIELD(field) MC_OPTION_FIELD(struct daemon_stream_settings, field)
#define STREAM_FIELD(field) MC_OPTION_FIELD(struct daemon_stream_options, field)

const struct mc_option daemon_options_table[] = {
    { "config", 0, "FILE",
      "read options from a file, and from FILE.d/*.conf; those of the command line win. -FILE: it "
      "need not exist",
      MC_OPTION_TEXT, .command_line_only = true, DAEMON_FIELD(config) },
    { "check-config", 0, NULL,
      "print the configuration that would run, with defaults, and exit: with status 78 where it is "
      "wrong",
      MC_OPTION_BOOL, .command_line_only = true, DAEMON_FIELD(check_config) },
    { "stream", 0, "NAME=URL",
      "add a stream: a path (a video, image, playlist or .sdp file), images:p%03d.jpg, "
      "rtsp://..., http://..., v4l2:/dev/videoN, v4l2:NAME of a camera, lavfi:GRAPH or demo: (a "
      "built-in clip); may be repeated. Default: /dev/video0 if it exists, else demo:, called "
      "main; a service waits for /dev/video0",
      MC_OPTION_CALL, .set = add_stream },
    { "every-frame", 0, NULL, "drop nothing: sources wait for the network and for subscribers",
      MC_OPTION_BOOL, .at_start_only = true, DAEMON_FIELD(every_frame) },
    { "exit-on-end", 0, NULL, "exit when all streams have ended", MC_OPTION_BOOL,
      DAEMON_FIELD(exit_on_end) },
    { "wait-subscribers", 0, "N", "start the streams when N connections have subscribed",
      MC_OPTION_INT, .max = SERVER_CONNECTIONS_MAX, .at_start_only = true,
      DAEMON_FIELD(wait_subscribers) },
    { "linger", 0, "S", "close a webcam S seconds after its last subscriber left; default: 10",
      MC_OPTION_INT, .max = DAY_S, DAEMON_FIELD(linger_s) },
    { "model", 0, "FILE", "weights of the keypoint network; default: those that come with mocapd",
      MC_OPTION_STRING, .at_start_only = true, DAEMON_FIELD(model) },
    { "locator", 0, "FILE", "weights of the network that finds faces; default likewise",
      MC_OPTION_STRING, .at_start_only = true, DAEMON_FIELD(locator) },
    { "expression", 0, "FILE|off",
      "weights of the network that reads expressions from faces; off: blend shapes are estimated "
      "from landmarks, and there is no gaze; default likewise",
      MC_OPTION_STRING, .at_start_only = true, DAEMON_FIELD(expression) },
    { "precision", 0, "P",
      "auto, f32, bf16 or int8, of all networks; default: auto, the fastest on this processor that "
      "does not noticeably change results",
      MC_OPTION_ENUM, .names = nn_precision_names, .at_start_only = true, DAEMON_FIELD(precision) },
    { "workers", 0, "N", "frames processed at the same time; default: one for each processor",
      MC_OPTION_INT, .min = 1, .max = PIPELINE_WORKERS_MAX, .at_start_only = true,
      DAEMON_FIELD(workers) },
    { "socket", 0, "PATH",
      "where to listen; default: $XDG_RUNTIME_DIR/mocapd/mocapd.sock, for root and services "
      "/run/mocapd/mocapd.sock",
      MC_OPTION_STRING, .at_start_only = true, DAEMON_FIELD(socket) },
    { "control-group", 0, "GROUP",
      "let members of this group calibrate, change settings and streams, and reload, as root and "
      "the daemon's user may",
      MC_OPTION_CALL, .set = set_group, .get = get_group },
    { "max-connections", 0, "N",
      "for further connections close one that is idle, or refuse them; default: 1024, the most "
      "possible",
      MC_OPTION_INT, .min = 1, .max = SERVER_CONNECTIONS_MAX, DAEMON_FIELD(max_connections) },
    { "max-connections-per-user", 0, "N",
      "the same for connections of one user; default: three quarters of --max-connections",
      MC_OPTION_INT, .min = 1, .max = SERVER_CONNECTIONS_MAX,
      DAEMON_FIELD(max_connections_per_user) },
    { "stuck-timeout", 0, "S",
      "close a connection that has read nothing for S seconds although data wait; default: 30",
      MC_OPTION_INT, .min = 1, .max = 3600, DAEMON_FIELD(stuck_timeout_s) },
    { "log-level", 0, "LEVEL", "error, warning, info or debug; default: info", MC_OPTION_ENUM,
      .names = mc_options_log_levels, DAEMON_FIELD(log_level) },
    { 0 },
};

static const char *const rotations[] = { "0", "90", "180", "270", NULL };

const struct mc_option daemon_settings_table[] = {
    { "max-faces", 0, "N", "follow up to N faces, 1 to 4; default: 1", MC_OPTION_INT, .min = 1,
      .max = PROTOCOL_FACES_MAX, SETTING_FIELD(max_faces) },
    { "region", 0, "x,y,w,h",
      "take the face from this part of the frame, in pixels, instead of "
      "finding and following faces",
      MC_OPTION_CALL, .set = set_region, .get = get_region },
    { "full-frame", 0, NULL, "take the face from the whole frame instead", MC_OPTION_CALL,
      .set = set_full_frame, .get = get_full_frame },
    { "rotate", 0, "DEGREES", "turn frames clockwise by 0, 90, 180 or 270 degrees; default: 0",
      MC_OPTION_ENUM, .names = rotations, SETTING_FIELD(rotation) },
    { "mirror", 0, NULL, "swap left and right, after turning", MC_OPTION_BOOL,
      SETTING_FIELD(mirror) },
    { "max-frame-size", 0, "WxH",
      "refuse frames of more pixels than that, and reduce such JPEGs; default: 4096x4096",
      MC_OPTION_CALL, .set = set_max_frame_size, .get = get_max_frame_size },
    { "repeat", 0, NULL, "start files again at their end", MC_OPTION_BOOL, SETTING_FIELD(repeat) },
    { "isolate", 0, NULL, "read and decode the source in a sandboxed process of its own",
      MC_OPTION_BOOL, SETTING_FIELD(isolate) },
    { "smooth", 0, "on|off", "smooth the keypoints; default: on", MC_OPTION_BOOL,
      SETTING_FIELD(smooth) },
    { "smooth-min-cutoff", 0, "HZ", "cutoff of a point at rest: lower is calmer; default: 1",
      MC_OPTION_DOUBLE, .min = PROTOCOL_MIN_CUTOFF_MIN, .max = PROTOCOL_MIN_CUTOFF_MAX,
      SETTING_FIELD(smooth_min_cutoff) },
    { "smooth-beta", 0, "B",
      "how much the cutoff rises with speed, Hz for each face size a second: higher lags less; "
      "default: 20",
      MC_OPTION_DOUBLE, .min = 0, .max = PROTOCOL_BETA_MAX, SETTING_FIELD(smooth_beta) },
    { "fov", 0, "auto|DEGREES",
      "field of view along the longer edge of the frame, for the head pose; default: auto, "
      "estimated from the faces",
      MC_OPTION_CALL, .set = set_fov, .get = get_fov, SETTING_FIELD(fov) },
    { 0 },
};

static const char *const transports[] = { "tcp", "udp", NULL };
static const char *const damaged_names[] = { "mark", "drop", NULL };

const struct mc_option daemon_stream_table[] = {
    { "url", 0, "URL", "the source, as in --stream", MC_OPTION_CALL, .set = set_url,
      .get = get_url },
    { "user", 0, "NAME", "user name at the camera", MC_OPTION_STRING, STREAM_FIELD(user) },
    { "password", 0, "TEXT", "password of the user; readable by all who can read the file",
      MC_OPTION_STRING, STREAM_FIELD(password) },
    { "password-file", 0, "FILE",
      "file with the password alone: a path, or the name of a systemd credential", MC_OPTION_CALL,
      .set = set_password_file },
    { "transport", 0, "tcp|udp", "how RTSP sends the video; default: tcp", MC_OPTION_ENUM,
      .names = transports, STREAM_FIELD(transport) },
    { "damaged", 0, "mark|drop",
      "records of frames with decode errors: mark or drop them; default: mark", MC_OPTION_ENUM,
      .names = damaged_names, STREAM_FIELD(damaged) },
    { "on-demand", 0, "yes|no",
      "open the source only while there are subscribers; default: yes for webcams, else no",
      MC_OPTION_BOOL, STREAM_FIELD(on_demand) },
    { 0 },
};

// ---- Streams

static bool check_name(const char *name, struct mc_error *err)
{
    return protocol_stream_name_valid(name) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "a stream's name must be 1 to %d of A-Z a-z 0-9 _ . -, got '%.40s'",
                        PROTOCOL_NAME_BYTES - 1, name);
}

bool daemon_stream_options_init(struct daemon_stream_options *stream, const char *name,
                                struct mc_error *err)
{
    *stream = (struct daemon_stream_options){ .on_demand = -1, .settings = SETTINGS_NOT_GIVEN };
    if (!check_name(name, err)) {
        return false;
    }
    memcpy(stream->name, name, strlen(name) + 1);
    return true;
}

struct daemon_stream_options *daemon_options_find_stream(struct daemon_options *options,
                                                         const char *name)
{
    for (int i = 0; i < options->stream_count; i++) {
        if (strcmp(options->streams[i].name, name) == 0) {
            return &options->streams[i];
        }
    }
    return NULL;
}

struct daemon_stream_options *daemon_options_add_stream(struct daemon_options *options,
                                                        const char *name, struct mc_error *err)
{
    if (!check_name(name, err)) {
        return NULL;
    }
    if (daemon_options_find_stream(options, name) != NULL) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "stream '%s' is given twice", name);
        return NULL;
    }
    if (options->stream_count == PROTOCOL_STREAMS_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must be at most %d streams, got more",
                     PROTOCOL_STREAMS_MAX);
        return NULL;
    }
    struct daemon_stream_options *stream = &options->streams[options->stream_count++];
    return daemon_stream_options_init(stream, name, err) ? stream : NULL;
}
