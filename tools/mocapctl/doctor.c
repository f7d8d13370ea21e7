// mocapctl doctor: what may keep mocapd from working here, and what to do about it.
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cpu.h"
#include "base/path.h"
#include "nn/model.h"
#include "protocol/decode.h"
#include "protocol/endpoint.h"
#include "protocol/mocap.h"
#include "tools/connect.h"
#include "tools/json_text.h"
#include "tools/mocapctl/devices.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

enum { TEXT_BYTES = 640 };

struct doctor {
    const char *socket; // NULL: the default one
    json_t *findings;   // NULL: print them
    int problems;
};

// ---- findings

// what: "socket", "model", ...; advice NULL: nothing is wrong.
static void report(struct doctor *doctor, const char *what, const char *advice, const char *format,
                   ...) MC_PRINTF(4, 5);
static void report(struct doctor *doctor, const char *what, const char *advice, const char *format,
                   ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    doctor->problems += advice != NULL;
    if (doctor->findings != NULL) {
        json_array_append_new(doctor->findings,
                              json_pack("{s:s, s:b, s:s, s:s}", "check", what, "ok", advice == NULL,
                                        "found", text, "advice", advice == NULL ? "" : advice));
        return;
    }
    printf("%-8s %s: ", advice == NULL ? "ok" : "problem", what);
    tools_write_text(stdout, text);
    if (advice != NULL && advice[0] != '\0') {
        fputs("\n         -> ", stdout);
        tools_write_text(stdout, advice);
    }
    putchar('\n');
}

static const char *user_name(void)
{
    const struct passwd *user = getpwuid(geteuid());
    return user == NULL ? "USER" : user->pw_name;
}

// Whether this process is in the group; *listed: whether the user is, by the system's files.
static bool is_in_group(const struct group *group, bool *listed)
{
    gid_t groups[256];
    const int count = getgroups(256, groups);
    bool found = getegid() == group->gr_gid;
    for (int i = 0; i < count; i++) {
        found = found || groups[i] == group->gr_gid;
    }
    *listed = found;
    for (char *const *member = group->gr_mem; *member != NULL; member++) {
        *listed = *listed || strcmp(*member, user_name()) == 0;
    }
    return found;
}

// How to get into the group that a file belongs to.
static void advise_group(const char *path, char *advice, size_t size)
{
    struct stat status;
    const struct group *group = stat(path, &status) == 0 ? getgrgid(status.st_gid) : NULL;
    bool listed;
    if (group == NULL) {
        snprintf(advice, size, "ask for a group that has access to %s", path);
    } else if (!is_in_group(group, &listed) && listed) {
        snprintf(advice, size, "log in again: you were added to group %s after this session began",
                 group->gr_name);
    } else {
        snprintf(advice, size, "sudo usermod -aG %s %s, then log in again", group->gr_name,
                 user_name());
    }
}

// ---- the machine

static void check_processor(struct doctor *doctor)
{
    unsigned flags;
    struct mc_error err = { 0 };
    if (!mc_cpu_flags(&flags, &err)) {
        report(doctor, "processor", "unset MOCAP_CPU or name a level that the processor supports",
               "%s", err.message);
        return;
    }
    report(doctor, "processor", NULL, "%s kernels, %ld processors", mc_cpu_level_name(flags),
           sysconf(_SC_NPROCESSORS_ONLN));
}

static void check_model(struct doctor *doctor, const char *what, const char *name)
{
    char path[PATH_MAX];
    unsigned flags = 0;
    struct mc_error err = { 0 };
    struct nn_model *model = NULL;
    if (mc_path_data(path, sizeof path, name, &err) && mc_cpu_flags(&flags, &err)) {
        model = nn_model_load_as(path, flags, NN_PRECISION_AUTO, &err);
    }
    if (model == NULL) {
        report(doctor, what, "reinstall mocapd, or name another file in its configuration", "%s",
               err.message);
    } else {
        report(doctor, what, NULL, "%s loads, and runs in %s", name,
               nn_precision_name(nn_model_info(model)->precision));
    }
    nn_model_destroy(model);
}

static void check_device(struct doctor *doctor, const struct mocapctl_device *device)
{
    char advice[256];
    if (device->mode_count >= 0) {
        report(doctor, "camera", NULL, "%s, %s, can be opened%s", device->path, device->node.name,
               device->holder_count > 0 ? "; another program is using it" : "");
    } else if (device->err.detail == EACCES) {
        advise_group(device->path, advice, sizeof advice);
        report(doctor, "camera", advice, "%s, %s: Permission denied", device->path,
               device->node.name);
    } else {
        report(doctor, "camera", "close the program that is using it, or reconnect it", "%s",
               device->err.message);
    }
}

static void check_devices(struct doctor *doctor)
{
    struct mocapctl_device *devices;
    const int count = mocapctl_devices_list(&devices);
    if (count == 0) {
        report(doctor, "camera", NULL,
               "none is connected; files and network cameras do not need one");
    }
    for (int i = 0; i < count; i++) {
        check_device(doctor, &devices[i]);
    }
    free(devices);
}

// ---- the service

// Reads the first line that a program prints. False when it cannot be run or fails.
static bool read_line(const char *command, char *line, int size)
{
    FILE *pipe = popen(command, "re");
    line[0] = '\0';
    if (pipe == NULL) {
        return false;
    }
    const bool read = fgets(line, size, pipe) != NULL;
    line[strcspn(line, "\n")] = '\0';
    return pclose(pipe) == 0 && read;
}

static void check_service(struct doctor *doctor)
{
    char state[64];
    if (access("/run/systemd/system", F_OK) != 0) {
        report(doctor, "service", NULL, "systemd is not running here");
        return;
    }
    // Exits with 3 when it is not active: what it prints counts.
    const bool active =
        read_line("systemctl is-active mocapd.service 2>/dev/null", state, sizeof state);
    if (strcmp(state, "failed") == 0) {
        report(doctor, "service", "see journalctl -u mocapd", "mocapd.service has failed");
    } else {
        report(doctor, "service", NULL, "mocapd.service is %s",
               active || state[0] != '\0' ? state : "unknown");
    }
}

// ---- the daemon

// Why nobody answers at the socket.
static void report_unreachable(struct doctor *doctor, const struct mocap_error *error)
{
    char path[PROTOCOL_ENDPOINT_BYTES] = PROTOCOL_ENDPOINT_SYSTEM, advice[256];
    struct mc_error err = { 0 };
    snprintf(advice, sizeof advice,
             "start mocapd: mocapd, systemctl --user start mocapd or systemctl start mocapd");
    if (doctor->socket != NULL) {
        snprintf(path, sizeof path, "%s", doctor->socket);
    } else if (!protocol_endpoint_default(path, &err) || access(path, F_OK) != 0) {
        snprintf(path, sizeof path, "%s", PROTOCOL_ENDPOINT_SYSTEM);
    }
    if (error->number == EACCES) {
        advise_group(path, advice, sizeof advice);
    }
    report(doctor, "socket", advice, "%s", error->message);
}

// Behind the socket is mocapd or what takes its place: mocap-fleet serve, or mocapctl replay, which
// gives no version.
static void check_version(struct doctor *doctor, const struct mocap_server *server,
                          const char *version)
{
    const char *space = strrchr(server->name, ' ');
    const bool has_version = space != NULL && space[1] >= '0' && space[1] <= '9';
    const bool is_other = has_version && strcmp(space + 1, version) != 0;
    const int length = has_version ? (int)(space - server->name) : 0;
    char advice[TEXT_BYTES];
    snprintf(advice, sizeof advice, "restart %.*s, or install the same version of both", length,
             server->name);
    report(doctor, "version", is_other ? advice : NULL, "mocapctl %s, the daemon is %s", version,
           server->name);
}

static void check_stream(struct doctor *doctor, const struct protocol_stream_status *stream)
{
    const bool bad = stream->state == PROTOCOL_STREAM_FAILED ||
                     stream->state == PROTOCOL_STREAM_STALLED ||
                     (stream->state == PROTOCOL_STREAM_CONNECTING && stream->reason[0] != '\0') ||
                     (stream->state == PROTOCOL_STREAM_IDLE && stream->reason[0] != '\0');
    report(doctor, "stream", bad ? "" : NULL, "%s is %s%s%s", stream->stream,
           protocol_stream_state_name(stream->state), stream->reason[0] == '\0' ? "" : ": ",
           stream->reason);
}

static void check_streams(struct doctor *doctor, struct mocap_client *client)
{
    struct mocap_message message;
    struct mocap_error error = { 0 };
    struct mc_error err = { 0 };
    struct protocol_message *reply = calloc(1, sizeof *reply);
    const bool good =
        reply != NULL &&
        mocap_request(client, "status", NULL, TOOLS_REPLY_MS, &message, &error) == MOCAP_MESSAGE &&
        message.type == MOCAP_REPLY &&
        protocol_decode_message(PROTOCOL_JSON, message.bytes, message.length, reply, &err);
    if (!good) {
        report(doctor, "status", "restart mocapd; its log may say more",
               "mocapd does not answer: %s",
               error.message[0] != '\0' ? error.message : err.message);
    }
    for (int i = 0; good && i < reply->status.stream_count; i++) {
        check_stream(doctor, &reply->status.streams[i]);
    }
    free(reply);
}

static void check_daemon(struct doctor *doctor)
{
    struct mocap_error error = { 0 };
    struct mocap_client *client = mocap_connect(doctor->socket, TOOLS_REPLY_MS, &error);
    if (client == NULL) {
        report_unreachable(doctor, &error);
        return;
    }
    report(doctor, "socket", NULL, "mocapd answers");
    check_version(doctor, mocap_server(client), MOCAPD_VERSION);
    check_streams(doctor, client);
    mocap_close(client);
}

// ---- the command

struct doctor_options {
    bool json;
};

static int run(const void *options, const void *globals)
{
    const struct doctor_options *chosen = options;
    const struct tools_connect_options *program = globals;
    struct doctor doctor = { .socket = program->socket,
                             .findings = chosen->json ? json_array() : NULL };
    check_processor(&doctor);
    check_model(&doctor, "model", NN_MODEL_DEFAULT_FILE);
    check_model(&doctor, "model", NN_LOCATOR_DEFAULT_FILE);
    check_model(&doctor, "model", NN_EXPRESSION_DEFAULT_FILE);
    check_devices(&doctor);
    check_service(&doctor);
    check_daemon(&doctor);
    if (chosen->json) {
        char *text = tools_json_text(doctor.findings, JSON_COMPACT);
        tools_write_json(stdout, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
        putchar('\n');
        free(text);
        json_decref(doctor.findings);
    }
    return doctor.problems == 0 ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "json", 0, NULL, "print an array of objects: check, ok, found, advice", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct doctor_options, json) },
    { 0 },
};

const struct mc_command mocapctl_doctor_command = {
    .name = "doctor",
    .summary = "check what mocapd needs on this machine, and say how to provide what is missing",
    .details = "Checks the processor, the models, the cameras and who may open them, the service, "
               "the socket, versions and streams. Exits with 1 when there is a problem.",
    .options = table,
    .options_size = sizeof(struct doctor_options),
    .run = run,
};
