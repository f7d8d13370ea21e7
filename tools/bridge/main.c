// mocap-bridge: sends what mocapd publishes to avatar programs, in their own protocols.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/bridge/bridge_options.h"
#include "tools/bridge/osf.h"
#include "tools/bridge/target.h"
#include "tools/bridge/vmc.h"
#include "tools/follow.h"

struct bridge {
    struct bridge_options options;
    struct bridge_target targets[BRIDGE_TARGETS_MAX];
    struct follow *follow;
    int64_t start_ns;
    int face_id; // of the one shown with VMC; 0: none
    struct bridge_vmc_frame frame;
    struct bridge_osf osf;
    unsigned char packet[BRIDGE_OSF_BYTES_MAX];
};

static struct follow *stopped_by_signal;

static void on_signal(int number)
{
    (void)number;
    follow_stop(stopped_by_signal);
}

// Keeps showing the same face while it is tracked; then takes the one with the highest score.
static const struct mocap_face *choose_face(struct bridge *bridge,
                                            const struct mocap_record *record)
{
    const struct mocap_face *chosen = NULL;
    for (int i = 0; i < record->face_count; i++) {
        const struct mocap_face *face = &record->faces[i];
        if (face->id == bridge->face_id) {
            return face;
        }
        if (chosen == NULL || face->score > chosen->score) {
            chosen = face;
        }
    }
    bridge->face_id = chosen != NULL ? chosen->id : 0;
    return chosen;
}

// As bridge_vmc_write has it.
static void send_vmc(struct bridge *bridge, const struct mocap_face *face,
                     const struct mocap_gaze *gaze, bool tracking, bool loopback)
{
    const double time_s = (double)(mc_clock_now_ns() - bridge->start_ns) / (double)MC_NS_PER_SECOND;
    bool is_written = false;
    for (int i = 0; i < bridge->options.targets.count; i++) {
        struct bridge_target *target = &bridge->targets[i];
        if (bridge->options.targets.items[i].format != BRIDGE_VMC || target->loopback != loopback) {
            continue;
        }
        if (!is_written) {
            bridge_vmc_write(&bridge->frame, &bridge->options.vmc, face, gaze, tracking, time_s,
                             loopback ? BRIDGE_VMC_LIMIT_LOOPBACK : BRIDGE_VMC_LIMIT_NETWORK);
            is_written = true;
        }
        const char *bytes = bridge->frame.bytes;
        for (int k = 0; k < bridge->frame.count; k++) {
            bridge_target_send(target, bytes, bridge->frame.sizes[k]);
            bytes += bridge->frame.sizes[k];
        }
    }
}

static void send_vmc_all(struct bridge *bridge, const struct mocap_face *face,
                         const struct mocap_gaze *gaze, bool tracking)
{
    send_vmc(bridge, face, gaze, tracking, true);
    send_vmc(bridge, face, gaze, tracking, false);
}

static void send_lost(struct bridge *bridge)
{
    send_vmc_all(bridge, NULL, NULL, false);
}

// When the record's frame arrived, by the wall clock.
static double unix_time(const struct mocap_record *record)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const double latency_ns = (double)mc_clock_now_ns() - (double)record->t_arrival_ns;
    return (double)now.tv_sec + ((double)now.tv_nsec - latency_ns) / (double)MC_NS_PER_SECOND;
}

static void send_osf_all(struct bridge *bridge, const struct mocap_record *record)
{
    const size_t size = bridge_osf_write(&bridge->osf, record, unix_time(record), bridge->packet);
    for (int i = 0; size > 0 && i < bridge->options.targets.count; i++) {
        if (bridge->options.targets.items[i].format == BRIDGE_OSF) {
            bridge_target_send(&bridge->targets[i], bridge->packet, size);
        }
    }
}

static bool is_ours(const struct bridge *bridge, const char *stream)
{
    const char *ours = follow_stream(bridge->follow);
    return ours != NULL && strcmp(stream, ours) == 0;
}

static void handle_record(struct bridge *bridge, const struct mocap_record *record)
{
    const struct mocap_face *face = choose_face(bridge, record);
    const struct mocap_gaze *gaze = face != NULL ? record->more[face - record->faces]->gaze : NULL;
    send_vmc_all(bridge, face, gaze, face != NULL && record->lost == MOCAP_LOST_NONE);
    send_osf_all(bridge, record);
}

static void handle_message(struct bridge *bridge, const struct mocap_message *message)
{
    if (message->type == MOCAP_RECORD && is_ours(bridge, message->record->stream)) {
        handle_record(bridge, message->record);
    } else if (message->type == MOCAP_STATE && is_ours(bridge, message->stream)) {
        mc_log(MC_LOG_INFO, "%s is %s %s", message->stream, message->state, message->reason);
        if (strcmp(message->state, "live") != 0) {
            send_lost(bridge); // no record will report it
        }
    }
}

static void run(struct bridge *bridge)
{
    struct mocap_message message;
    for (;;) {
        switch (follow_next(bridge->follow, &message)) {
        case FOLLOW_MESSAGE:
            handle_message(bridge, &message);
            break;
        case FOLLOW_LOST:
            send_lost(bridge);
            break;
        case FOLLOW_CONNECTED:
        case FOLLOW_RESTING:
            break;
        case FOLLOW_STOPPED:
            return;
        }
    }
}

static bool open_targets(struct bridge *bridge, struct mc_error *err)
{
    for (int i = 0; i < bridge->options.targets.count; i++) {
        const struct bridge_target_options *wanted = &bridge->options.targets.items[i];
        const bool is_vmc = wanted->format == BRIDGE_VMC;
        if (!bridge_target_open(&bridge->targets[i], wanted->text,
                                is_vmc ? BRIDGE_VMC_PORT : BRIDGE_OSF_PORT, err)) {
            return mc_error_wrap(err, is_vmc ? "--vmc" : "--osf");
        }
        mc_log(MC_LOG_INFO, "sending %s to %s", is_vmc ? "VMC" : "OpenSeeFace's packets",
               wanted->text);
    }
    return true;
}

static bool start(struct bridge *bridge, struct mc_error *err)
{
    const char *skeleton = bridge->options.skeleton;
    bridge->start_ns = mc_clock_now_ns();
    if (!open_targets(bridge, err) ||
        (skeleton != NULL && !bridge_skeleton_load(&bridge->options.vmc.skeleton, skeleton, err))) {
        return false;
    }
    // Only one stream: subscribing to the others would open their cameras.
    const struct follow_options wanted = {
        .socket = bridge->options.socket,
        .subscribe = { .stream = bridge->options.stream,
                       .include = MOCAP_INCLUDE_KEYPOINTS | MOCAP_INCLUDE_POSE |
                                  MOCAP_INCLUDE_SHAPES | MOCAP_INCLUDE_GAZE,
                       .lost = bridge->options.lost,
                       .label = "mocap-bridge" },
        .first_alone = true,
    };
    bridge->follow = follow_create(&wanted, err);
    if (bridge->follow == NULL) {
        return false;
    }
    stopped_by_signal = bridge->follow;
    const struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return true;
}

static int run_bridge(const void *options, const void *globals)
{
    (void)globals;
    struct bridge *bridge = calloc(1, sizeof *bridge);
    struct mc_error err = { 0 };
    if (bridge == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        return MC_EXIT_FAILED;
    }
    bridge->options = *(const struct bridge_options *)options;
    mc_log_level_set(bridge->options.log_level);
    for (int i = 0; i < BRIDGE_TARGETS_MAX; i++) {
        bridge->targets[i].fd = -1;
    }
    const bool good = start(bridge, &err);
    if (good) {
        run(bridge);
    } else {
        mc_log(MC_LOG_ERROR, "%s", err.message);
    }
    for (int i = 0; i < BRIDGE_TARGETS_MAX; i++) {
        bridge_target_close(&bridge->targets[i]);
    }
    follow_destroy(bridge->follow);
    free(bridge);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static const struct mc_command program = {
        .name = "mocap-bridge",
        .summary = "send what mocapd publishes to avatar programs, to several at once",
        .options = bridge_options_table,
        .defaults = &bridge_options_default,
        .options_size = sizeof(struct bridge_options),
        .check = bridge_options_check,
        .run = run_bridge,
    };
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
