// mocap-bridge: sends what mocapd publishes to avatar programs, in their own protocols.
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"
#include "base/reserve.h"
#include "tools/bridge/bridge.h"
#include "tools/bridge/bridge_config.h"
#include "tools/bridge/bridge_options.h"
#include "tools/bridge/skeleton.h"
#include "tools/bridge/status.h"
#include "tools/bridge_socket.h"
#include "tools/terminal.h"

enum { EXIT_CONFIG = 78 }; // as in sysexits.h

// Returns the exit status. The bridge's threads do the work; this one waits.
static int wait_for_end(struct bridge *bridge, int signals, int listener)
{
    struct pollfd waited[2] = { { .fd = signals, .events = POLLIN },
                                { .fd = listener, .events = POLLIN } }; // -1: ignored
    for (;;) {
        const int timeout_ms = bridge_update(bridge);
        if (poll(waited, 2, timeout_ms) <= 0) {
            continue;
        }
        if (waited[0].revents != 0) {
            return MC_EXIT_OK;
        }
        char *report = bridge_report(bridge, MOCAPD_VERSION);
        if (report != NULL) {
            bridge_status_answer(listener, report);
        }
        free(report);
    }
}

// Without a status socket the bridge works all the same.
static int listen_for_status(const struct bridge_options *options,
                             char path[PROTOCOL_ENDPOINT_BYTES])
{
    struct mc_error err = { 0 };
    int listener = -1;
    if (options->status_socket[0] != '\0') {
        memcpy(path, options->status_socket, sizeof options->status_socket);
    } else if (!tools_bridge_socket_path(path, &err)) {
        path[0] = '\0';
    }
    if (path[0] != '\0') {
        listener = bridge_status_listen(path, &err);
    }
    if (listener < 0) {
        mc_log(MC_LOG_WARNING,
               "cannot open the status socket; 'mocap-bridge status' will not work: %s",
               err.message);
    }
    return listener;
}

static int serve(const struct bridge_options *options)
{
    char path[PROTOCOL_ENDPOINT_BYTES];
    struct mc_error err = { 0 };
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL); // of all threads that follow
    const int signals = signalfd(-1, &wanted, SFD_CLOEXEC);
    const int listener = listen_for_status(options, path);
    struct bridge *bridge = bridge_start(options, &err);
    int status = MC_EXIT_FAILED;
    if (bridge != NULL && signals >= 0) {
        status = wait_for_end(bridge, signals, listener);
    } else {
        mc_log(MC_LOG_ERROR, "%s", bridge == NULL ? err.message : "signalfd failed");
    }
    bridge_stop(bridge);
    if (listener >= 0) {
        close(listener);
        unlink(path);
    }
    if (signals >= 0) {
        close(signals);
    }
    return status;
}

static int check_config(const struct bridge_options *options, const char *path)
{
    for (int i = 0; i < options->targets.count; i++) {
        const struct bridge_target_options *target = &options->targets.items[i];
        struct bridge_skeleton skeleton;
        struct mc_error err = { 0 };
        if (target->settings.skeleton[0] != '\0' &&
            !bridge_skeleton_load(&skeleton, target->settings.skeleton, &err)) {
            tools_complain("%s: %s: %s", path, target->name, err.message);
            return EXIT_CONFIG;
        }
    }
    printf("%s: %d %s\n", path, options->targets.count,
           options->targets.count == 1 ? "target" : "targets");
    for (int i = 0; i < options->targets.count; i++) {
        const struct bridge_target_options *target = &options->targets.items[i];
        tools_print(stdout, "  %s: %s to %s", target->name, target->output->title,
                    bridge_target_address(target));
        putchar('\n');
    }
    return MC_EXIT_OK;
}

// Reads the configuration file, if there is one to read, into options.
static bool configure(struct bridge_options *options, char path[PATH_MAX], struct mc_error *err)
{
    path[0] = '\0';
    if (options->config != NULL) {
        snprintf(path, PATH_MAX, "%s", options->config);
    } else if (options->targets.count > 0 || !bridge_config_find(path, PATH_MAX)) {
        path[0] = '\0';
    }
    if (path[0] != '\0' && !bridge_config_read(options, path, err)) {
        return false;
    }
    if (options->check_config && path[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "there is no configuration file; name one with --config FILE");
    }
    if (options->targets.count == 0) {
        if (path[0] != '\0') {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must have a [target NAME] section",
                                path);
        }
        struct bridge_target_options *target =
            bridge_targets_add(&options->targets, "vmc", &options->settings, err);
        target->output = &bridge_output_vmc;
    }
    return true;
}

static int run(const void *chosen, const void *globals)
{
    (void)globals;
    char path[PATH_MAX];
    struct mc_error err = { 0 };
    struct bridge_options *options = malloc(sizeof *options);
    if (options == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        return MC_EXIT_FAILED;
    }
    *options = *(const struct bridge_options *)chosen;
    int status;
    if (!configure(options, path, &err)) {
        tools_complain("%s", err.message);
        status = EXIT_CONFIG;
    } else if (options->check_config) {
        status = check_config(options, path);
    } else {
        mc_log_level_set(options->log_level >= 0 ? (enum mc_log_level)options->log_level
                                                 : MC_LOG_INFO);
        status = serve(options);
    }
    free(options);
    return status;
}

int main(int argc, char **argv)
{
    static const struct mc_command *const commands[] = { &bridge_status_command, NULL };
    static const struct mc_command program = {
        .name = "mocap-bridge",
        .summary = "send what mocapd publishes to one or more avatar programs",
        .options = bridge_options_table,
        .defaults = &bridge_options_default,
        .options_size = sizeof(struct bridge_options),
        .check = bridge_options_check,
        .run = run,
        .commands = commands,
    };
    json_set_alloc_funcs(mc_reserve_alloc, mc_reserve_free);
    signal(SIGPIPE, SIG_IGN);
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
