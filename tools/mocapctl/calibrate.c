// mocapctl calibrate: measures the neutral face in front of a camera.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

enum {
    OPEN_MS = 10000,    // a camera that has not opened by then counts as closed
    MEASURE_MS = 10000, // longer than the daemon tries
};

static bool show_reply(const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    struct protocol_message *reply = calloc(1, sizeof *reply);
    bool good = reply != NULL && protocol_decode_message(PROTOCOL_JSON, message->bytes,
                                                         message->length, reply, &err);
    if (good) {
        const int faces = reply->calibrated.faces;
        printf("measured the neutral expression of %d %s\n", faces, faces == 1 ? "face" : "faces");
    } else {
        tools_complain("%s", reply == NULL ? "out of memory" : err.message);
    }
    free(reply);
    return good;
}

// A camera on demand is open only while it has a subscriber: this one, with as few and as short
// records as possible.
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

static bool complain_without(enum mocap_result result, const struct mocap_error *error)
{
    tools_complain("%s", result == MOCAP_TIMEOUT  ? "mocapd does not answer"
                         : result == MOCAP_CLOSED ? "mocapd closed the connection"
                                                  : error->message);
    return false;
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
            return complain_without(result, &error);
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

static bool ask(struct mocap_client *client, const char *stream)
{
    struct mocap_message message;
    struct mocap_error error;
    enum mocap_result result =
        mocap_request(client, "calibrate", stream, MEASURE_MS, &message, &error);
    if (result != MOCAP_MESSAGE) {
        return complain_without(result, &error);
    }
    if (message.type != MOCAP_REPLY) {
        tools_complain("mocapd says: %s", message.reason);
        return false;
    }
    return show_reply(&message);
}

struct options {
    const char *stream;
};

static int run(const void *options, const void *globals)
{
    const char *stream = ((const struct options *)options)->stream;
    const struct tools_connect_options *program = globals;
    struct mocap_client *client = tools_connect(program->socket);
    if (client == NULL) {
        return MC_EXIT_FAILED;
    }
    bool good = subscribe(client, stream) && wait_live(client, stream);
    if (good) {
        fprintf(stderr, "look at the camera, eyes open, mouth closed, for a second\n");
        good = ask(client, stream);
    }
    mocap_close(client);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "STREAM", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "the stream whose camera sees the face", MC_OPTION_FIELD(struct options, stream) },
    { 0 },
};

const struct mc_command mocapctl_calibrate_command = {
    .name = "calibrate",
    .summary = "measure the neutral face in front of a camera, for blend shapes",
    .details = "Opens the camera if nobody has subscribed, then measures for about a second: look "
               "at the camera, eyes open, mouth closed.",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
