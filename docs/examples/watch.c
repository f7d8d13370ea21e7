// Prints where the tip of the nose is, as long as mocapd runs.
#include <stdio.h>
#include <stdlib.h>

#include "protocol/client.h"

enum { NOSE_TIP = 30, REPLY_MS = 5000 };

int main(void)
{
    struct mc_error err = { 0 };
    struct mocap_client *client = mocap_connect(NULL, REPLY_MS, &err);
    struct protocol_message *message = calloc(1, sizeof *message);
    if (message == NULL || client == NULL || !mocap_subscribe(client, NULL, REPLY_MS, &err)) {
        fprintf(stderr, "%s\n", err.message);
        mocap_close(client);
        free(message);
        return EXIT_FAILURE;
    }
    struct mocap_line line;
    while (mocap_next(client, -1, &line, message, &err) == MOCAP_MESSAGE) {
        if (message->type == PROTOCOL_MESSAGE_MOTION && message->record.face_count > 0) {
            struct mc_keypoint nose = message->record.faces[0].keypoints[NOSE_TIP];
            printf("%.3f s: nose at %.1f, %.1f\n", message->record.pts, (double)nose.x,
                   (double)nose.y);
        }
    }
    mocap_close(client);
    free(message);
    return EXIT_SUCCESS;
}
