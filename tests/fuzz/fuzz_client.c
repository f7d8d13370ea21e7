// Everything that a server says to libmocap: hello, replies, records, and then it hangs up.
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/mocap.h"

enum { MESSAGES_MAX = 200, TIMEOUT_MS = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile double sum;

static void use_face(const struct mocap_face *face)
{
    for (int i = 0; i < face->keypoint_count; i++) {
        sum += face->keypoints != NULL ? (double)face->keypoints[i].x : 0;
        sum += face->raw != NULL ? (double)face->raw[i].x : 0;
        sum += face->jacobians != NULL ? (double)face->jacobians[i][3] : 0;
    }
    sum += face->pose != NULL ? (double)face->pose->error : 0;
    sum += face->shapes != NULL ? (double)face->shapes[MOCAP_SHAPE_COUNT - 1] : 0;
}

static void use(const struct mocap_message *message)
{
    if (message->type != MOCAP_RECORD) {
        sum += message->stream != NULL ? (double)strlen(message->stream) : 0;
        sum += message->reason != NULL ? (double)strlen(message->reason) : 0;
        return;
    }
    for (int i = 0; i < message->record->face_count; i++) {
        use_face(&message->record->faces[i]);
    }
}

// ---- the server

static int listener = -1;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static sem_t begin, said_all;
static const uint8_t *said;
static size_t said_size;

// Accepts, says everything, reads nothing; the connection stays until the next one.
static void *serve(void *argument)
{
    int fd = -1;
    (void)argument;
    for (;;) {
        sem_wait(&begin);
        const int next = accept(listener, NULL, NULL);
        if (fd >= 0) {
            close(fd);
        }
        fd = next;
        const ssize_t sent = send(fd, said, said_size, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent; // what does not fit is left out
        shutdown(fd, SHUT_WR);
        sem_post(&said_all);
    }
    return NULL;
}

static void start_server(void)
{
    pthread_t thread;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/mocapd-fuzz-client-%d",
             (int)getpid());
    unlink(address.sun_path);
    sem_init(&begin, 0, 0);
    sem_init(&said_all, 0, 0);
    if (bind(listener, (const struct sockaddr *)(const void *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0 || pthread_create(&thread, NULL, serve, NULL) != 0) {
        abort();
    }
}

static void remove_socket(void)
{
    unlink(address.sun_path);
}

// ---- the client

static void talk(size_t size)
{
    const struct mocap_options options = { .include = MOCAP_INCLUDE_ALL };
    struct mocap_message message;
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(address.sun_path, TIMEOUT_MS, &error);
    if (client == NULL) {
        return;
    }
    const bool good = mocap_subscribe(client, size % 2 == 1 ? &options : NULL, TIMEOUT_MS, &error);
    for (int i = 0; good && i < MESSAGES_MAX &&
                    mocap_next(client, TIMEOUT_MS, &message, &error) == MOCAP_MESSAGE;
         i++) {
        use(&message);
    }
    mocap_close(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (listener < 0) {
        start_server();
        atexit(remove_socket);
    }
    said = data;
    said_size = size;
    sem_post(&begin);
    talk(size);
    sem_wait(&said_all); // until then the input is read
    return 0;
}
