#include "tools/lab/bench_abusive_clients.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/endpoint.h"

enum { GARBAGE_BYTES = 10000, TRICKLE_MS = 100 };

static const char subscribe[] = "{\"type\":\"subscribe\",\"encoding\":\"cbor\"}\n";
static const char queues[] =
    "{\"type\":\"subscribe\",\"encoding\":\"cbor\",\"mode\":\"queue\",\"queue\":1024}\n";
static const char status[] = "{\"type\":\"status\",\"id\":1}\n{\"type\":\"ping\"}\n";

const char *lab_abuse_name(enum lab_abuse abuse)
{
    static const char *const names[] = {
        [LAB_ABUSE_STUCK] = "stuck",        [LAB_ABUSE_TRICKLE] = "trickle",
        [LAB_ABUSE_QUEUES] = "full queues", [LAB_ABUSE_FLOOD] = "flood of requests",
        [LAB_ABUSE_GARBAGE] = "garbage",    [LAB_ABUSE_CONNECT] = "reconnecting",
        [LAB_ABUSE_SILENT] = "silent",      [LAB_ABUSE_HALF_OPEN] = "half-open",
    };
    return names[abuse];
}

static int open_one(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// Sends bytes over and over on every connection that takes some, and reads what arrives.
static void send_for_ever(struct pollfd *peers, int count, const char *bytes, size_t length)
{
    static char room[65536];
    size_t *sent = calloc((size_t)count, sizeof *sent);
    while (sent != NULL && poll(peers, (nfds_t)count, -1) >= 0) {
        for (int i = 0; i < count; i++) {
            if (peers[i].revents & POLLIN && read(peers[i].fd, room, sizeof room) <= 0) {
                peers[i].fd = -1;
            }
            if (peers[i].revents & POLLOUT) {
                ssize_t taken = send(peers[i].fd, bytes + sent[i], length - sent[i], MSG_NOSIGNAL);
                sent[i] = taken > 0 ? (sent[i] + (size_t)taken) % length : sent[i];
            }
        }
    }
}

static void trickle_for_ever(const struct pollfd *peers, int count)
{
    char room[16];
    for (;;) {
        for (int i = 0; i < count; i++) {
            if (read(peers[i].fd, room, sizeof room) == 0) {
                return;
            }
        }
        poll(NULL, 0, TRICKLE_MS);
    }
}

static void connect_for_ever(const struct sockaddr_un *address)
{
    for (;;) {
        int fd = open_one(address);
        if (fd >= 0) {
            close(fd);
        }
    }
}

// Sends what each connection begins with; false when that fails.
static bool begin(enum lab_abuse abuse, int fd)
{
    const char *first =
        abuse == LAB_ABUSE_QUEUES ? queues
        : abuse == LAB_ABUSE_STUCK || abuse == LAB_ABUSE_TRICKLE || abuse == LAB_ABUSE_HALF_OPEN
            ? subscribe
            : "";
    if (write(fd, first, strlen(first)) != (ssize_t)strlen(first)) {
        return false;
    }
    return (abuse != LAB_ABUSE_HALF_OPEN || shutdown(fd, SHUT_WR) == 0) &&
           fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void abuse_server(enum lab_abuse abuse, const struct sockaddr_un *address, int count,
                         int ready)
{
    static char garbage[GARBAGE_BYTES];
    struct pollfd *peers = calloc((size_t)count, sizeof *peers);
    if (abuse == LAB_ABUSE_CONNECT) {
        count = 0;
    }
    for (int i = 0; i < count; i++) {
        peers[i] = (struct pollfd){ .fd = open_one(address), .events = POLLIN | POLLOUT };
        if (peers[i].fd < 0 || !begin(abuse, peers[i].fd)) {
            _exit(EXIT_FAILURE);
        }
    }
    if (write(ready, "", 1) != 1) {
        _exit(EXIT_FAILURE);
    }
    switch (abuse) {
    case LAB_ABUSE_FLOOD:
        send_for_ever(peers, count, status, sizeof status - 1);
        break;
    case LAB_ABUSE_GARBAGE:
        memset(garbage, '{', sizeof garbage - 1);
        garbage[sizeof garbage - 1] = '\n';
        send_for_ever(peers, count, garbage, sizeof garbage);
        break;
    case LAB_ABUSE_TRICKLE:
        trickle_for_ever(peers, count);
        break;
    case LAB_ABUSE_CONNECT:
        connect_for_ever(address);
        break;
    default:
        break;
    }
    for (;;) {
        pause();
    }
}

pid_t lab_abusive_clients_start(enum lab_abuse abuse, const char *path, int count,
                                struct mc_error *err)
{
    struct sockaddr_un address;
    int ready[2];
    if (!protocol_endpoint_address(path, &address, err)) {
        return -1;
    }
    if (pipe(ready) != 0) {
        mc_error_set_errno(err, "pipe");
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        errno = 0;                         // nice may return -1 when it succeeds
        if (nice(5) == -1 && errno != 0) { // its own processor time is not what is measured
            _exit(EXIT_FAILURE);
        }
        close(ready[0]);
        abuse_server(abuse, &address, count, ready[1]);
    }
    close(ready[1]);
    char byte;
    bool good = pid > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (!good) {
        lab_abusive_clients_stop(pid);
        mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s: the connections did not come up",
                     lab_abuse_name(abuse));
        return -1;
    }
    return pid;
}

void lab_abusive_clients_stop(pid_t pid)
{
    if (pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}
