#include "daemon/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/secrets.h"
#include "pipeline/source/url.h"
#include "pipeline/worker.h"

const char daemon_options_usage[] =
    "usage: mocapd [options]\n"
    "\n"
    "  --stream NAME=URL      watch URL: a path, rtsp://..., v4l2:/dev/videoN,\n"
    "                         lavfi:GRAPH or demo: (a clip that is built in). May be\n"
    "                         given several times. Default: /dev/video0 where there is\n"
    "                         one, else demo:, called main; a service waits for\n"
    "                         /dev/video0\n"
    "  --max-faces N          follow up to N faces, 1 to 4; default 1\n"
    "  --region x,y,w,h       look at this part of the picture, pixels, instead of\n"
    "                         finding faces and following them\n"
    "  --full-frame           look at the whole picture, likewise\n"
    "  --repeat               begin files again at their end\n"
    "  --smooth on|off        smooth the keypoints; default: on\n"
    "  --smooth-min-cutoff HZ how much moves while a point rests; default: 1\n"
    "  --smooth-beta B        how soon a moving point is let go: Hz for each face size a\n"
    "                         second; default: 20\n"
    "  --fov DEGREES          what the camera sees along the longer edge of its picture, for\n"
    "                         the head's pose; default: 60\n"
    "  --every-frame          drop nothing: sources wait for the network and for readers\n"
    "  --exit-on-end          exit when all streams have ended\n"
    "  --wait-subscribers K   start the streams when K connections have subscribed\n"
    "  --linger S             seconds until a webcam is closed that nobody watches any\n"
    "                         more; default 10\n"
    "  --model FILE           weights; default: those that come with mocapd\n"
    "  --locator FILE         weights of the network that finds faces; likewise\n"
    "  --workers N            frames at work at once; default: one for each processor\n"
    "  --socket PATH          where to listen; default: $XDG_RUNTIME_DIR/mocapd/mocapd.sock,\n"
    "                         for root and services /run/mocapd/mocapd.sock\n"
    "  --max-connections N    more are turned away; default 1024, which is the most\n"
    "  --stuck-timeout S      close a connection that reads nothing of what waits for it\n"
    "                         for so many seconds; default 30\n"
    "  --config FILE          options from a file: lines of name = value, [stream NAME]\n"
    "  --log-level LEVEL      error, warning, info or debug\n"
    "  --version, --help\n";

#define LOOKING_NOT_GIVEN                                                                          \
    {                                                                                              \
        .full_frame = -1                                                                           \
    }

#define MOTION_NOT_GIVEN                                                                           \
    {                                                                                              \
        -1, -1, -1, -1                                                                             \
    }

static const struct daemon_options defaults = {
    .log_level = MC_LOG_INFO,
    .limits = SERVER_LIMITS_DEFAULT,
    .looking = LOOKING_NOT_GIVEN,
    .motion = MOTION_NOT_GIVEN,
};

static bool copy_text(char *to, size_t size, const char *what, const char *value,
                      struct mc_error *err)
{
    if (value[0] == '\0' || strlen(value) >= size) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s wants 1 to %zu bytes, has %zu", what,
                            size - 1, strlen(value));
    }
    memcpy(to, value, strlen(value) + 1);
    return true;
}

static bool parse_number(int *number, const char *what, const char *value, int least, int most,
                         struct mc_error *err)
{
    char *end;
    errno = 0;
    long parsed = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || parsed < least || parsed > most) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s wants a whole number of %d to %d, got '%.40s'", what, least, most,
                            value);
    }
    *number = (int)parsed;
    return true;
}

// 1 for yes, 0 for no.
static bool parse_answer(int *answer, const char *what, const char *value, struct mc_error *err)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s wants yes or no, got '%.40s'", what,
                            value);
    }
    *answer = strcmp(value, "yes") == 0;
    return true;
}

static bool parse_flag(bool *flag, const char *what, const char *value, struct mc_error *err)
{
    int answer = 0;
    if (!parse_answer(&answer, what, value, err)) {
        return false;
    }
    *flag = answer == 1;
    return true;
}

static bool parse_region(struct pipeline_region *region, const char *value, struct mc_error *err)
{
    int length = 0;
    struct pipeline_region parsed;
    if (sscanf(value, "%f,%f,%f,%f%n", &parsed.x, &parsed.y, &parsed.width, &parsed.height,
               &length) != 4 ||
        value[length] != '\0' || !(parsed.width > 0) || !(parsed.height > 0)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "region wants x,y,w,h in pixels, w and h above 0, got '%.40s'", value);
    }
    *region = parsed;
    return true;
}

static bool parse_real(float *number, const char *what, const char *value, float least, float most,
                       struct mc_error *err)
{
    char *end;
    float parsed = strtof(value, &end);
    if (end == value || *end != '\0' || !(parsed >= least && parsed <= most)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s wants a number of %g to %g, got '%.40s'",
                            what, (double)least, (double)most, value);
    }
    *number = parsed;
    return true;
}

// Sets known to whether it is one of these at all.
static bool set_motion(struct daemon_motion_options *motion, const char *name, const char *value,
                       bool *known, struct mc_error *err)
{
    *known = true;
    if (strcmp(name, "smooth") == 0) {
        motion->smooth = strcmp(value, "on") == 0;
        return motion->smooth || strcmp(value, "off") == 0 ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0, "smooth wants on or off, got '%.40s'",
                            value);
    }
    if (strcmp(name, "smooth-min-cutoff") == 0) {
        return parse_real(&motion->smooth_min_cutoff, name, value, 0.01f, 1000, err);
    }
    if (strcmp(name, "smooth-beta") == 0) {
        return parse_real(&motion->smooth_beta, name, value, 0, 10000, err);
    }
    if (strcmp(name, "fov") == 0) {
        return parse_real(&motion->fov, name, value, 5, 170, err);
    }
    *known = false;
    return false;
}

static bool parse_level(enum mc_log_level *level, const char *value, struct mc_error *err)
{
    return mc_log_level_parse(value, level) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "log-level wants error, warning, info or debug, got '%.40s'", value);
}

struct pipeline_motion_options daemon_options_motion(const struct daemon_options *options,
                                                     const struct daemon_stream_options *stream)
{
    const struct daemon_motion_options *given[2] = { &options->motion, &stream->motion };
    struct pipeline_motion_options motion = pipeline_motion_options_default();
    for (int i = 0; i < 2; i++) {
        motion.smooth.on = given[i]->smooth < 0 ? motion.smooth.on : given[i]->smooth > 0;
        motion.smooth.min_cutoff = given[i]->smooth_min_cutoff < 0 ? motion.smooth.min_cutoff
                                                                   : given[i]->smooth_min_cutoff;
        motion.smooth.beta = given[i]->smooth_beta < 0 ? motion.smooth.beta : given[i]->smooth_beta;
        motion.fov = given[i]->fov < 0 ? motion.fov : given[i]->fov;
    }
    return motion;
}

static bool is_looking(const char *name)
{
    return strcmp(name, "region") == 0 || strcmp(name, "full-frame") == 0 ||
           strcmp(name, "max-faces") == 0;
}

static bool set_looking(struct daemon_looking *looking, const char *name, const char *value,
                        struct mc_error *err)
{
    if (strcmp(name, "region") == 0) {
        looking->full_frame = -1;
        return parse_region(&looking->region, value, err);
    }
    if (strcmp(name, "full-frame") == 0) {
        if (!parse_answer(&looking->full_frame, name, value, err)) {
            return false;
        }
        if (looking->full_frame == 1) {
            looking->region = (struct pipeline_region){ 0 };
        }
        return true;
    }
    return parse_number(&looking->max_faces, name, value, 1, PROTOCOL_FACES_MAX, err);
}

static bool set_stream(struct daemon_stream_options *stream, const char *name, const char *value,
                       struct mc_error *err)
{
    if (is_looking(name)) {
        return set_looking(&stream->looking, name, value, err);
    }
    if (strcmp(name, "url") == 0) {
        return copy_text(stream->url, sizeof stream->url, "url", value, err);
    }
    if (strcmp(name, "repeat") == 0) {
        return parse_answer(&stream->repeat, name, value, err);
    }
    if (strcmp(name, "user") == 0) {
        return copy_text(stream->user, sizeof stream->user, name, value, err);
    }
    if (strcmp(name, "password") == 0) {
        return copy_text(stream->password, sizeof stream->password, name, value, err);
    }
    if (strcmp(name, "password-file") == 0) {
        return daemon_secrets_read_password(stream, value, err);
    }
    if (strcmp(name, "transport") == 0) {
        stream->udp = strcmp(value, "udp") == 0;
        return stream->udp || strcmp(value, "tcp") == 0 ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0, "transport wants tcp or udp, got '%.40s'",
                            value);
    }
    if (strcmp(name, "damaged") == 0) {
        bool drop = strcmp(value, "drop") == 0;
        stream->damaged = drop ? DAEMON_DAMAGED_DROP : DAEMON_DAMAGED_MARK;
        return drop || strcmp(value, "mark") == 0 ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0, "damaged wants mark or drop, got '%.40s'",
                            value);
    }
    if (strcmp(name, "on-demand") == 0) {
        bool yes = false;
        if (!parse_flag(&yes, "on-demand", value, err)) {
            return false;
        }
        stream->on_demand = yes ? DAEMON_ON_DEMAND_YES : DAEMON_ON_DEMAND_NO;
        return true;
    }
    bool known;
    bool set = set_motion(&stream->motion, name, value, &known, err);
    return known ? set
                 : mc_error_set(
                       err, MC_ERROR_ARGUMENT, 0,
                       "unknown key '%.40s' of a stream, wants url, user, password, "
                       "password-file, transport, max-faces, region, full-frame, repeat, damaged, "
                       "on-demand, "
                       "smooth, smooth-min-cutoff, smooth-beta or fov",
                       name);
}

// NAME=URL
static bool add_stream_argument(struct daemon_options *options, const char *value,
                                struct mc_error *err)
{
    const char *equals = strchr(value, '=');
    char name[PROTOCOL_NAME_BYTES];
    size_t length = equals == NULL ? 0 : (size_t)(equals - value);
    if (equals == NULL || length >= sizeof name || memchr(value, '/', length) != NULL) {
        char shown[DAEMON_URL_BYTES]; // it may be a URL alone, with a password
        pipeline_url_redact(value, shown, sizeof shown);
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "stream wants NAME=URL, got '%.40s'", shown);
    }
    memcpy(name, value, length);
    name[length] = '\0';
    struct daemon_stream_options *stream = daemon_options_add_stream(options, name, err);
    return stream != NULL &&
           copy_text(stream->url, sizeof stream->url, "stream's URL", equals + 1, err);
}

bool daemon_options_set(struct daemon_options *options, struct daemon_stream_options *stream,
                        const char *name, const char *value, struct mc_error *err)
{
    if (stream != NULL) {
        return set_stream(stream, name, value, err);
    }
    if (is_looking(name)) {
        return set_looking(&options->looking, name, value, err);
    }
    if (strcmp(name, "locator") == 0) {
        return copy_text(options->locator, sizeof options->locator, name, value, err);
    }
    if (strcmp(name, "socket") == 0) {
        return copy_text(options->socket, sizeof options->socket, name, value, err);
    }
    if (strcmp(name, "model") == 0) {
        return copy_text(options->model, sizeof options->model, name, value, err);
    }
    if (strcmp(name, "workers") == 0) {
        return parse_number(&options->workers, name, value, 1, PIPELINE_WORKERS_MAX, err);
    }
    if (strcmp(name, "wait-subscribers") == 0) {
        return parse_number(&options->wait_subscribers, name, value, 0, 1000, err);
    }
    if (strcmp(name, "max-connections") == 0) {
        return parse_number(&options->limits.connections, name, value, 1, SERVER_CONNECTIONS_MAX,
                            err);
    }
    if (strcmp(name, "stuck-timeout") == 0) {
        int seconds = 0;
        bool ok = parse_number(&seconds, name, value, 1, 3600, err);
        options->limits.stuck_ms = ok ? (uint64_t)seconds * 1000 : options->limits.stuck_ms;
        return ok;
    }
    if (strcmp(name, "linger") == 0) {
        return parse_number(&options->linger_s, name, value, 0, 86400, err);
    }
    if (strcmp(name, "every-frame") == 0) {
        return parse_flag(&options->every_frame, name, value, err);
    }
    if (strcmp(name, "exit-on-end") == 0) {
        return parse_flag(&options->exit_on_end, name, value, err);
    }
    if (strcmp(name, "repeat") == 0) {
        return parse_flag(&options->repeat, name, value, err);
    }
    if (strcmp(name, "log-level") == 0) {
        return parse_level(&options->log_level, value, err);
    }
    if (strcmp(name, "stream") == 0) {
        return add_stream_argument(options, value, err);
    }
    bool known;
    bool set = set_motion(&options->motion, name, value, &known, err);
    return known ? set : mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown key '%.40s'", name);
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= PROTOCOL_NAME_BYTES) {
        return false;
    }
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) && strchr("_.-", *name) == NULL) {
            return false;
        }
    }
    return true;
}

struct daemon_stream_options *daemon_options_add_stream(struct daemon_options *options,
                                                        const char *name, struct mc_error *err)
{
    if (!is_name(name)) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "stream '%.40s': a name wants 1 to %d of A-Z a-z 0-9 _ . -", name,
                     PROTOCOL_NAME_BYTES - 1);
        return NULL;
    }
    for (int i = 0; i < options->stream_count; i++) {
        if (strcmp(options->streams[i].name, name) == 0) {
            mc_error_set(err, MC_ERROR_ARGUMENT, 0, "stream '%s' is there twice", name);
            return NULL;
        }
    }
    if (options->stream_count == PROTOCOL_STREAMS_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "more than %d streams", PROTOCOL_STREAMS_MAX);
        return NULL;
    }
    struct daemon_stream_options *stream = &options->streams[options->stream_count++];
    *stream = (struct daemon_stream_options){
        .looking = LOOKING_NOT_GIVEN,
        .repeat = -1,
        .motion = MOTION_NOT_GIVEN,
    };
    memcpy(stream->name, name, strlen(name) + 1);
    return stream;
}

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "socket", required_argument, NULL, 0 },
    { "stream", required_argument, NULL, 0 },
    { "model", required_argument, NULL, 0 },
    { "workers", required_argument, NULL, 0 },
    { "every-frame", no_argument, NULL, 0 },
    { "exit-on-end", no_argument, NULL, 0 },
    { "repeat", no_argument, NULL, 0 },
    { "wait-subscribers", required_argument, NULL, 0 },
    { "linger", required_argument, NULL, 0 },
    { "locator", required_argument, NULL, 0 },
    { "max-faces", required_argument, NULL, 0 },
    { "region", required_argument, NULL, 0 },
    { "full-frame", no_argument, NULL, 0 },
    { "max-connections", required_argument, NULL, 0 },
    { "stuck-timeout", required_argument, NULL, 0 },
    { "smooth", required_argument, NULL, 0 },
    { "smooth-min-cutoff", required_argument, NULL, 0 },
    { "smooth-beta", required_argument, NULL, 0 },
    { "fov", required_argument, NULL, 0 },
    { "log-level", required_argument, NULL, 0 },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static bool option_error(int found, char **argv, struct mc_error *err)
{
    const char *argument = argv[optind - 1];
    if (found == ':') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s wants a value", argument);
    }
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown option '%s'", argument);
}

// The command line is read twice: for --config, then over what the file said.
static bool read_arguments(struct daemon_options *options, int argc, char **argv,
                           const char **config, enum daemon_options_result *result,
                           struct mc_error *err)
{
    int found, index;
    optind = 0;
    while ((found = getopt_long(argc, argv, ":hV", long_options, &index)) != -1) {
        switch (found) {
        case 0: {
            const char *value = optarg == NULL ? "yes" : optarg;
            if (!daemon_options_set(options, NULL, long_options[index].name, value, err)) {
                return mc_error_wrap(err, "--%s", long_options[index].name);
            }
            break;
        }
        case 'c':
            *config = optarg;
            break;
        case 'h':
            *result = DAEMON_OPTIONS_HELP;
            return true;
        case 'V':
            *result = DAEMON_OPTIONS_VERSION;
            return true;
        default:
            return option_error(found, argv, err);
        }
    }
    if (optind < argc) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "takes no argument '%.80s'", argv[optind]);
    }
    return true;
}

static bool check_streams(const struct daemon_options *options, struct mc_error *err)
{
    for (int i = 0; i < options->stream_count; i++) {
        if (options->streams[i].url[0] == '\0') {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "[stream %s]: has no url",
                                options->streams[i].name);
        }
    }
    return true;
}

enum daemon_options_result daemon_options_parse(struct daemon_options *options, int argc,
                                                char **argv, struct mc_error *err)
{
    enum daemon_options_result result = DAEMON_OPTIONS_RUN;
    const char *config = NULL;
    *options = defaults;
    if (!read_arguments(options, argc, argv, &config, &result, err)) {
        return DAEMON_OPTIONS_USAGE;
    }
    if (config == NULL || result != DAEMON_OPTIONS_RUN) {
        return result;
    }
    *options = defaults;
    if (!daemon_config_read(options, config, err) ||
        ((!check_streams(options, err) || !daemon_secrets_sign_urls(options, err)) &&
         !mc_error_wrap(err, "%s", config))) {
        return DAEMON_OPTIONS_CONFIG;
    }
    if (!read_arguments(options, argc, argv, &config, &result, err)) {
        return DAEMON_OPTIONS_USAGE;
    }
    return result;
}
