// Prints the position of the tip of the nose, as long as mocapd runs.
#include <mocap.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOSE_TIP = 30, REPLY_MS = 5000 };

int main(int argc, char **argv)
{
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(argc > 1 ? argv[1] : NULL, REPLY_MS, &error);
    if (client == NULL || !mocap_subscribe(client, NULL, REPLY_MS, &error)) {
        fprintf(stderr, "%s\n", error.message);
        mocap_close(client);
        return EXIT_FAILURE;
    }
    struct mocap_message message;
    enum mocap_result result;
    while ((result = mocap_next(client, -1, &message, &error)) == MOCAP_MESSAGE) {
        // A model of another kind may have fewer keypoints.
        if (message.type == MOCAP_RECORD && message.record->face_count > 0 &&
            message.record->faces[0].keypoint_count > NOSE_TIP) {
            const struct mocap_keypoint *nose = &message.record->faces[0].keypoints[NOSE_TIP];
            printf("%.3f s: nose at %.1f, %.1f\n", message.record->pts, (double)nose->x,
                   (double)nose->y);
        }
    }
    if (result == MOCAP_ERROR) {
        fprintf(stderr, "%s\n", error.message);
    }
    mocap_close(client);
    return result == MOCAP_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
