// Shows how far the mouth is open as a bar. Waits with poll(2), as a program with other work
// would, and reconnects when mocapd is restarted.
#include <errno.h>
#include <mocap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPLY_MS = 5000, BAR = 40 };

static void show(const struct mocap_record *record)
{
    const float *shapes = record->face_count > 0 ? record->faces[0].shapes : NULL;
    int width = shapes == NULL ? 0 : (int)(shapes[MOCAP_JAW_OPEN] * BAR);
    printf("%8.3f s %s |%.*s\n", record->pts, record->face_count > 0 ? "face   " : "no face", width,
           "########################################");
}

// Handles every message that has arrived. False when the connection is closed.
static bool drain(struct mocap_client *client)
{
    struct mocap_message message;
    struct mocap_error error;
    for (;;) {
        switch (mocap_next(client, 0, &message, &error)) {
        case MOCAP_MESSAGE:
            if (message.type == MOCAP_RECORD) {
                show(message.record);
            } else if (message.type == MOCAP_STATE) {
                printf("%s is %s %s\n", message.stream, message.state, message.reason);
            }
            break;
        case MOCAP_TIMEOUT:
            return true;
        case MOCAP_CLOSED:
            return false;
        case MOCAP_ERROR:
            fprintf(stderr, "%s\n", error.message);
            return false;
        }
    }
}

int main(int argc, char **argv)
{
    const struct mocap_options options = { .include = MOCAP_INCLUDE_SHAPES,
                                           .max_rate = 30,
                                           .lost = MOCAP_LOST_NEUTRAL,
                                           .label = "follow" };
    const int patience_ms = argc > 2 ? atoi(argv[2]) : -1; // with a mocapd that has stopped
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(argc > 1 ? argv[1] : NULL, REPLY_MS, &error);
    bool good = client != NULL && mocap_subscribe(client, &options, REPLY_MS, &error);
    while (good) {
        if (!drain(client)) {
            puts("mocapd has stopped: waiting for it");
            good = mocap_reconnect(client, patience_ms, &error);
            continue;
        }
        struct pollfd waited = { .fd = mocap_fd(client), .events = POLLIN };
        good = poll(&waited, 1, -1) >= 0 || errno == EINTR;
    }
    fprintf(stderr, "%s\n", error.message);
    mocap_close(client);
    return EXIT_FAILURE;
}
