// mocapctl calibrate: measures the neutral face of who is in front of a camera.
#include <stdlib.h>

#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/mocapctl/command.h"

enum { MEASURE_MS = 10000 }; // more than the daemon takes to give up

static bool show_reply(const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    struct protocol_message *reply = calloc(1, sizeof *reply);
    bool good = reply != NULL && protocol_decode_message(PROTOCOL_JSON, message->bytes,
                                                         message->length, reply, &err);
    if (good) {
        const int faces = reply->calibrated.faces;
        printf("measured the neutral look of %d %s\n", faces, faces == 1 ? "face" : "faces");
    } else {
        mocapctl_complain("%s", reply == NULL ? "no memory" : err.message);
    }
    free(reply);
    return good;
}

static bool ask(struct mocap_client *client, const char *stream)
{
    struct mocap_message message;
    struct mocap_error error;
    switch (mocap_request(client, "calibrate", stream, MEASURE_MS, &message, &error)) {
    case MOCAP_MESSAGE:
        if (message.type == MOCAP_REPLY) {
            return show_reply(&message);
        }
        mocapctl_complain("mocapd says: %s", message.reason);
        return false;
    case MOCAP_TIMEOUT:
        mocapctl_complain("mocapd does not answer");
        return false;
    case MOCAP_CLOSED:
        mocapctl_complain("mocapd closed the connection");
        return false;
    case MOCAP_ERROR:
        break;
    }
    mocapctl_complain("%s", error.message);
    return false;
}

int mocapctl_calibrate(const struct mocapctl_globals *globals, int argc, char **argv)
{
    if (argc != 2 || argv[1][0] == '-') {
        mocapctl_complain("calibrate: wants the name of a stream");
        return MOCAPCTL_USAGE;
    }
    struct mocap_client *client = mocapctl_connect(globals->socket);
    if (client == NULL) {
        return MOCAPCTL_FAILED;
    }
    fprintf(stderr, "look at the camera, eyes open, mouth shut, for a second\n");
    bool good = ask(client, argv[1]);
    mocap_close(client);
    return good ? MOCAPCTL_OK : MOCAPCTL_FAILED;
}
