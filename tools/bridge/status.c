#include "tools/bridge/status.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"
#include "tools/bridge/bridge_config.h"
#include "tools/bridge/bridge_options.h"
#include "tools/bridge_socket.h"
#include "tools/terminal.h"

enum {
    BACKLOG = 8,
    ANSWER_BYTES_MAX = 1 << 16,
    TIMEOUT_MS = 5000,
};

// ---- answering

// Makes the folder that the socket is in; the system's is systemd's to make.
static void make_folder(const char *path)
{
    char folder[PROTOCOL_ENDPOINT_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    char *end = strrchr(folder, '/');
    if (end != NULL && end != folder) {
        end[1] = '\0';
        if (strncmp(folder, PROTOCOL_ENDPOINT_SYSTEM, strlen(folder)) != 0) {
            mkdir(folder, 0700); // where it fails, bind says so
        }
    }
}

int bridge_status_listen(const char *path, struct mc_error *err)
{
    struct sockaddr_un address;
    if (!protocol_endpoint_address(path, &address, err)) {
        return -1;
    }
    struct mc_error why = { 0 };
    const int other = tools_bridge_socket_connect(path, TIMEOUT_MS, &why);
    if (other >= 0 || why.detail == EAGAIN) { // it may be too busy to answer
        if (other >= 0) {
            close(other);
        }
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "%s: another mocap-bridge is listening there; give this one its own "
                     "--status-socket",
                     path);
        return -1;
    }
    struct stat found;
    if (lstat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
        unlink(path);
    }
    make_folder(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t mask = umask(0177); // the user alone: before other threads start
    const bool good =
        fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0 &&
        listen(fd, BACKLOG) == 0;
    umask(mask);
    if (!good) {
        mc_error_set_errno(err, "%s", path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

void bridge_status_answer(int listener, const char *text)
{
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    // The buffer of a new socket has room for all of it.
    const struct iovec parts[2] = { { (void *)(uintptr_t)text, strlen(text) },
                                    { (void *)(uintptr_t) "\n", 1 } };
    const struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = 2 };
    if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        mc_log(MC_LOG_DEBUG, "status: %s", strerrordesc_np(errno));
    }
    close(fd);
}

// ---- asking

struct options {
    bool json;
};

static const struct mc_option table[] = {
    { "json", 0, NULL, "print the line of JSON that the bridge sends", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, json) },
    { 0 },
};

// The answer, which the caller frees; NULL and sets err on failure.
static char *ask(const char *path, struct mc_error *err)
{
    const int fd = tools_bridge_socket_connect(path, TIMEOUT_MS, err);
    if (fd < 0) {
        mc_error_wrap(err, err->detail == EAGAIN
                               ? "mocap-bridge does not answer"
                               : "no mocap-bridge is running, or it listens elsewhere "
                                 "(--status-socket)");
        return NULL;
    }
    char *text = calloc(1, ANSWER_BYTES_MAX);
    size_t size = 0;
    ssize_t count = -1;
    while (text != NULL && size < ANSWER_BYTES_MAX - 1 &&
           (count = recv(fd, text + size, ANSWER_BYTES_MAX - 1 - size, 0)) > 0) {
        size += (size_t)count;
    }
    if (text == NULL || count != 0) {
        mc_error_set_errno(err, "%s", path);
        free(text);
        text = NULL;
    }
    close(fd);
    return text;
}

static const char *text_of(const json_t *target, const char *key)
{
    const char *text = json_string_value(json_object_get(target, key));
    return text != NULL ? text : "";
}

static void print_target(const json_t *target)
{
    const char *reason = text_of(target, "reason"), *stream = text_of(target, "stream");
    const bool is_connected = json_is_true(json_object_get(target, "connected"));
    tools_print(stdout, "%-16s %-13s %-24s %s%s%s%s", text_of(target, "name"),
                text_of(target, "type"), text_of(target, "address"), text_of(target, "state"),
                reason[0] != '\0' ? " (" : "", reason, reason[0] != '\0' ? ")" : "");
    printf("\n%-16s %" JSON_INTEGER_FORMAT " packets sent, %" JSON_INTEGER_FORMAT " lost; ", "",
           json_integer_value(json_object_get(target, "sent")),
           json_integer_value(json_object_get(target, "lost")));
    if (is_connected) {
        tools_print(stdout, "stream %s is %s, %s", stream, text_of(target, "stream_state"),
                    json_is_true(json_object_get(target, "face")) ? "a face is shown" : "no face");
    } else {
        const char *outage = text_of(target, "outage");
        tools_print(stdout, "waiting for mocapd%s%s", outage[0] != '\0' ? ": " : "", outage);
    }
    putchar('\n');
}

static bool print(const char *text, struct mc_error *err)
{
    json_error_t problem;
    json_t *all = json_loads(text, 0, &problem);
    const json_t *targets = json_object_get(all, "targets");
    size_t index;
    json_t *target;
    json_array_foreach(targets, index, target)
    {
        print_target(target);
    }
    const bool good = json_is_array(targets);
    json_decref(all);
    return good || mc_error_set(err, MC_ERROR_FORMAT, 0, "the answer is not from mocap-bridge");
}

// Where the bridge listens: as the command line says, or the configuration file that the bridge
// reads, or by default.
static bool find_socket(const struct bridge_options *program, char path[PROTOCOL_ENDPOINT_BYTES],
                        struct mc_error *err)
{
    char file[PATH_MAX];
    struct bridge_options *options = malloc(sizeof *options);
    if (options == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    *options = *program;
    if (options->config != NULL) {
        snprintf(file, sizeof file, "%s", options->config);
    } else if (options->status_socket[0] != '\0' || !bridge_config_find(file, sizeof file)) {
        file[0] = '\0';
    }
    bool good = file[0] == '\0' || bridge_config_read(options, file, err);
    if (good && options->status_socket[0] != '\0') {
        memcpy(path, options->status_socket, PROTOCOL_ENDPOINT_BYTES);
    } else if (good) {
        good = tools_bridge_socket_path(path, err);
    }
    free(options);
    return good;
}

static int run(const void *chosen, const void *globals)
{
    const struct options *options = chosen;
    const struct bridge_options *program = globals;
    char path[PROTOCOL_ENDPOINT_BYTES];
    struct mc_error err = { 0 };
    bool good = find_socket(program, path, &err);
    char *text = good ? ask(path, &err) : NULL;
    good = text != NULL && (options->json || print(text, &err));
    if (good && options->json) {
        tools_write_json(stdout, text, strlen(text));
    }
    if (!good) {
        tools_complain("status: %s", err.message);
    }
    free(text);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

const struct mc_command bridge_status_command = {
    .name = "status",
    .summary = "print the status of each target of the running bridge",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
