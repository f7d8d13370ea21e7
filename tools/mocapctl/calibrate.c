// mocapctl calibrate: measures the face in front of a camera, and shows what was measured.
#include "tools/mocapctl/calibrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "protocol/request.h"
#include "tools/connect.h"
#include "tools/mocapctl/ask.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

enum {
    OPEN_MS = 10000,    // a camera that has not opened by then counts as closed
    MEASURE_MS = 10000, // longer than the daemon tries
};

// A camera on demand is open only while it has a subscriber: this one, with as few and as short
// records as possible: a person may take a while between two steps.
static bool subscribe(struct mocap_client *client, const char *stream)
{
    struct mocap_error error;
    const struct mocap_options options = { .stream = stream,
                                           .encoding = MOCAP_ENCODING_JSON,
                                           .max_rate = 1,
                                           .include = MOCAP_INCLUDE_BASE,
                                           .mode = MOCAP_MODE_LATEST,
                                           .label = "mocapctl calibrate" };
    if (!mocap_subscribe(client, &options, TOOLS_REPLY_MS, &error)) {
        tools_complain("%s", error.message);
        return false;
    }
    return true;
}

// Reads until the stream is live. Measuring earlier would mistake a closed camera for one that
// sees no face.
static bool wait_live(struct mocap_client *client, const char *stream)
{
    char state[128] = "has not reported its state";
    struct mocap_message message = { 0 };
    struct mocap_error error;
    const int64_t end_ns = mc_clock_now_ns() + OPEN_MS * MC_NS_PER_MS;
    for (int64_t left_ns; (left_ns = end_ns - mc_clock_now_ns()) > 0;) {
        enum mocap_result result =
            mocap_next(client, (int)(left_ns / MC_NS_PER_MS) + 1, &message, &error);
        if (result == MOCAP_TIMEOUT) {
            break;
        }
        if (result != MOCAP_MESSAGE) {
            mocapctl_complain_without(result, &error);
            return false;
        }
        if (message.type == MOCAP_RECORD ||
            (message.type == MOCAP_STATE && strcmp(message.state, "live") == 0)) {
            return true;
        }
        if (message.type == MOCAP_STATE || message.type == MOCAP_END) {
            snprintf(state, sizeof state, "is %s%s%s", message.state,
                     message.reason[0] != '\0' ? ": " : "", message.reason);
        }
        if (message.type == MOCAP_END) {
            break;
        }
    }
    tools_complain("there are no frames to measure: %s %s", stream, state);
    return false;
}

// The request as JSON.
static void write_request(const struct mocapctl_calibrate *calibrate,
                          enum protocol_calibrate_action action, uint64_t shapes,
                          struct protocol_buffer *buffer)
{
    struct protocol_request request = { .type = PROTOCOL_CALIBRATE,
                                        .action = action,
                                        .shapes = shapes };
    snprintf(request.stream, sizeof request.stream, "%s", calibrate->stream);
    snprintf(request.profile, sizeof request.profile, "%s",
             calibrate->profile == NULL ? "" : calibrate->profile);
    protocol_request_write(buffer, &request);
}

bool mocapctl_calibrate_ask(struct mocapctl_calibrate *calibrate,
                            enum protocol_calibrate_action action, uint64_t shapes)
{
    struct protocol_buffer buffer;
    struct mocap_message message;
    protocol_buffer_init(&buffer, PROTOCOL_REQUEST_BYTES);
    write_request(calibrate, action, shapes, &buffer);
    if (!mocapctl_ask(calibrate->client, &buffer, MEASURE_MS, &message)) {
        return false;
    }
    struct mc_error err = { 0 };
    if (!protocol_decode_message(PROTOCOL_JSON, message.bytes, message.length, calibrate->reply,
                                 &err)) {
        tools_complain("%s", err.message);
        return false;
    }
    return true;
}

// ---- actions

static bool run_neutral(struct mocapctl_calibrate *calibrate)
{
    fprintf(stderr, "look at the camera, eyes open, mouth closed, for a second\n");
    if (!mocapctl_calibrate_ask(calibrate, PROTOCOL_CALIBRATE_NEUTRAL, 0)) {
        return false;
    }
    const struct protocol_calibrated *calibrated = &calibrate->reply->calibrated;
    printf("measured the neutral expression of %d %s", calibrated->faces,
           calibrated->faces == 1 ? "face" : "faces");
    if (calibrated->profile[0] != '\0') {
        fputs(", kept in profile ", stdout);
        tools_write_text(stdout, calibrated->profile);
    }
    putchar('\n');
    return true;
}

static void print_face(const struct protocol_face_calibration *face, int number)
{
    const uint64_t known = face->offsets.known | face->gains.known;
    printf("face %d: %s\n", number,
           face->neutral ? "neutral expression measured" : "neutral expression learnt as it goes");
    if (known != 0) {
        printf("  %-20s %8s %8s\n", "shape", "at rest", "gain");
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        if (!(known & bit)) {
            continue;
        }
        printf("  %-20s ", protocol_shape_name((enum protocol_shape)i));
        if (face->offsets.known & bit) {
            printf("%8.3f", (double)face->offsets.values[i]);
        } else {
            printf("%8s", "-");
        }
        printf(" %8.2f\n", face->gains.known & bit ? (double)face->gains.values[i] : 1.0);
    }
}

static bool run_show(struct mocapctl_calibrate *calibrate)
{
    if (!mocapctl_calibrate_ask(calibrate, PROTOCOL_CALIBRATE_SHOW, 0)) {
        return false;
    }
    const struct protocol_calibration *shown = &calibrate->reply->calibration;
    printf("profile ");
    tools_write_text(stdout, shown->profile);
    printf("%s", shown->active ? ", in use" : "");
    for (int i = 0; i < shown->profile_count; i++) {
        fputs(i == 0 ? "; kept: " : ", ", stdout);
        tools_write_text(stdout, shown->profiles[i]);
    }
    putchar('\n');
    if (shown->face_count == 0) {
        puts("nothing measured: the neutral expression is learnt as it goes");
    }
    for (int i = 0; i < shown->face_count; i++) {
        print_face(&shown->faces[i], i + 1);
    }
    return true;
}

static bool run_use(struct mocapctl_calibrate *calibrate)
{
    return mocapctl_calibrate_ask(calibrate, PROTOCOL_CALIBRATE_USE, 0) && run_show(calibrate);
}

static bool run_reset(struct mocapctl_calibrate *calibrate)
{
    return mocapctl_calibrate_ask(calibrate, PROTOCOL_CALIBRATE_RESET, 0) && run_show(calibrate);
}

static const struct {
    bool (*run)(struct mocapctl_calibrate *calibrate);
    bool needs_frames;
} actions[PROTOCOL_CALIBRATE_COUNT] = {
    [PROTOCOL_CALIBRATE_NEUTRAL] = { run_neutral, true },
    [PROTOCOL_CALIBRATE_RANGE] = { mocapctl_calibrate_range, true },
    [PROTOCOL_CALIBRATE_SHOW] = { run_show, false },
    [PROTOCOL_CALIBRATE_USE] = { run_use, false },
    [PROTOCOL_CALIBRATE_RESET] = { run_reset, false },
};

// ---- the command

struct options {
    const char *action_word, *stream, *profile;
    enum protocol_calibrate_action action;
};

// The first word may be left out, and so may the second: "calibrate", "calibrate show",
// "calibrate desk", "calibrate show desk".
static bool check(void *target, struct mc_error *err)
{
    struct options *options = target;
    if (options->profile != NULL && !protocol_profile_valid(options->profile)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--profile must be 1 to %d of A-Z a-z 0-9 _ -, got '%.80s'",
                            PROTOCOL_NAME_BYTES - 1, options->profile);
    }
    for (int i = 0; options->action_word != NULL && i < PROTOCOL_CALIBRATE_COUNT; i++) {
        options->action = (enum protocol_calibrate_action)i;
        if (strcmp(options->action_word, protocol_calibrate_action_name(options->action)) == 0) {
            return options->action != PROTOCOL_CALIBRATE_USE || options->profile != NULL ||
                   mc_error_set(err, MC_ERROR_ARGUMENT, 0, "use must have --profile NAME");
        }
    }
    options->action = PROTOCOL_CALIBRATE_NEUTRAL;
    if (options->action_word != NULL && options->stream != NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "ACTION must be neutral, range, show, use or reset, got '%.80s'",
                            options->action_word);
    }
    options->stream = options->action_word;
    return true;
}

// The stream given, or the only one there is.
static const char *choose_stream(const struct mocap_client *client, const char *given)
{
    const struct mocap_server *server = mocap_server(client);
    if (given == NULL && server->stream_count != 1) {
        tools_complain("STREAM must be given: mocapd has %d streams", server->stream_count);
        return NULL;
    }
    return given == NULL ? server->streams[0] : given;
}

static bool run_action(struct mocapctl_calibrate *calibrate, const struct options *options)
{
    calibrate->stream = choose_stream(calibrate->client, options->stream);
    calibrate->profile = options->profile;
    return calibrate->stream != NULL &&
           (!actions[options->action].needs_frames ||
            (subscribe(calibrate->client, calibrate->stream) &&
             wait_live(calibrate->client, calibrate->stream))) &&
           actions[options->action].run(calibrate);
}

static int run(const void *options, const void *globals)
{
    const struct tools_connect_options *program = globals;
    struct mocapctl_calibrate calibrate = { .client = tools_connect(program->socket) };
    if (calibrate.client == NULL) {
        return MC_EXIT_FAILED;
    }
    calibrate.reply = calloc(1, sizeof *calibrate.reply);
    if (calibrate.reply == NULL) {
        tools_complain("out of memory");
    }
    const bool good = calibrate.reply != NULL && run_action(&calibrate, options);
    free(calibrate.reply);
    mocap_close(calibrate.client);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "ACTION", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT,
      .help = "neutral (the default), range, show, use or reset",
      MC_OPTION_FIELD(struct options, action_word) },
    { "STREAM", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT,
      .help = "the stream whose camera sees the face; may be left out when there is one",
      MC_OPTION_FIELD(struct options, stream) },
    { "profile", 0, "NAME", "whose calibration; default: the one in use", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, profile) },
    { 0 },
};

const struct mc_command mocapctl_calibrate_command = {
    .name = "calibrate",
    .summary = "measure the face in front of a camera, for blend shapes",
    .details = "neutral measures the resting face for about a second: look at the camera, eyes "
               "open, mouth closed. range guides through expressions, so that your strongest "
               "smile is a full one. Both open the camera if nobody has subscribed. What was "
               "measured is kept across restarts, for each stream and profile. show prints it, "
               "use --profile NAME changes to another profile, reset forgets it.",
    .options = table,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
