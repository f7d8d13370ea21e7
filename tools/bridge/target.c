#include "tools/bridge/target.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/bridge/adjust.h"
#include "tools/bridge/udp.h"
#include "tools/bridge/vts.h"

struct bridge_target {
    const struct bridge_target_options *options;
    struct bridge_skeleton skeleton;
    pthread_mutex_t lock;   // guards all below
    struct bridge_udp udp;  // of the transport UDP
    struct bridge_vts *vts; // of the transport VTUBE_STUDIO; otherwise NULL
    void *state;            // the output's
    int face_id;            // of the face that is shown; 0: none
    double next_ns;         // when the rate lets a record pass, in the records' time
    bool has_face;
    uint64_t sent, lost;         // by UDP
    enum bridge_link_state told; // the log knows
    struct bridge_adjusted adjusted;
    struct bridge_packets packets;
};

enum { REASON_BYTES = 128 };

static bool open_link(struct bridge_target *target, struct mc_error *err)
{
    const struct bridge_output *output = target->options->output;
    const char *address = bridge_target_address(target->options);
#if BRIDGE_HAS_VTUBE_STUDIO
    if (output->transport == BRIDGE_VTUBE_STUDIO) {
        target->vts = bridge_vts_create(address, output->port, err);
        return target->vts != NULL;
    }
#endif
    return bridge_udp_init(&target->udp, address, output->port, err);
}

static void update_link(struct bridge_target *target, int64_t now_ns)
{
#if BRIDGE_HAS_VTUBE_STUDIO
    if (target->vts != NULL) {
        bridge_vts_update(target->vts);
        return;
    }
#endif
    bridge_udp_update(&target->udp, now_ns);
}

static enum bridge_link_state link_state(struct bridge_target *target, int64_t now_ns,
                                         char reason[REASON_BYTES])
{
#if BRIDGE_HAS_VTUBE_STUDIO
    if (target->vts != NULL) {
        return bridge_vts_state(target->vts, reason, REASON_BYTES);
    }
#endif
    const char *text;
    const enum bridge_link_state state = bridge_udp_state(&target->udp, now_ns, &text);
    snprintf(reason, REASON_BYTES, "%s", text);
    return state;
}

static void count_packets(const struct bridge_target *target, uint64_t *sent, uint64_t *lost)
{
    *sent = target->sent;
    *lost = target->lost;
#if BRIDGE_HAS_VTUBE_STUDIO
    if (target->vts != NULL) {
        bridge_vts_counts(target->vts, sent, lost);
    }
#endif
}

struct bridge_target *bridge_target_create(const struct bridge_target_options *options,
                                           struct mc_error *err)
{
    const struct bridge_output *output = options->output;
    const char *skeleton = options->settings.skeleton;
    struct bridge_target *target = calloc(1, sizeof *target);
    if (target == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the target %s", options->name);
        return NULL;
    }
    pthread_mutex_init(&target->lock, NULL);
    target->options = options;
    target->skeleton = bridge_skeleton_default;
    target->udp.fd = -1;
    target->told = BRIDGE_LINK_UP;
    target->state = output->state_bytes > 0 ? calloc(1, output->state_bytes) : NULL;
    if (output->state_bytes > 0 && target->state == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the target %s", options->name);
        bridge_target_destroy(target);
        return NULL;
    }
    if (!open_link(target, err) ||
        (skeleton[0] != '\0' && !bridge_skeleton_load(&target->skeleton, skeleton, err))) {
        mc_error_wrap(err, "%s", options->name);
        bridge_target_destroy(target);
        return NULL;
    }
    mc_log(MC_LOG_INFO, "sending %s to %s", output->title, bridge_target_address(options));
    return target;
}

void bridge_target_destroy(struct bridge_target *target)
{
    if (target == NULL) {
        return;
    }
#if BRIDGE_HAS_VTUBE_STUDIO
    bridge_vts_destroy(target->vts);
#endif
    bridge_udp_finish(&target->udp);
    pthread_mutex_destroy(&target->lock);
    free(target->state);
    free(target);
}

// Keeps showing the same face while it is tracked; then takes the one with the highest score. One
// that is asked for by its number is shown, or none.
static const struct mocap_face *choose_face(struct bridge_target *target,
                                            const struct mocap_record *record,
                                            const struct bridge_face_numbers *numbers)
{
    const int wanted = target->options->settings.face;
    const struct mocap_face *chosen = NULL;
    for (int i = 0; i < record->face_count; i++) {
        const struct mocap_face *face = &record->faces[i];
        if (wanted != 0) {
            if (bridge_face_number(numbers, face->id) == wanted - 1) {
                chosen = face;
            }
            continue;
        }
        if (face->id == target->face_id) {
            return face;
        }
        if (chosen == NULL || face->score > chosen->score) {
            chosen = face;
        }
    }
    target->face_id = chosen != NULL ? chosen->id : 0;
    return chosen;
}

// When the record's frame arrived, by the wall clock.
static double unix_time(const struct mocap_record *record)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const double latency_ns = (double)mc_clock_now_ns() - (double)record->t_arrival_ns;
    return (double)now.tv_sec + ((double)now.tv_nsec - latency_ns) / (double)MC_NS_PER_SECOND;
}

// Whether the rate lets a record of that time pass. Records come a little early and a little late:
// one that is nearly due counts as due, and the next one's time follows from when this one was due.
static bool is_due(struct bridge_target *target, double time_ns)
{
    if (target->options->settings.rate == 0) {
        return true;
    }
    const double interval = (double)MC_NS_PER_SECOND / target->options->settings.rate;
    if (time_ns < target->next_ns - interval / 4 && time_ns > target->next_ns - 2 * interval) {
        return false;
    }
    target->next_ns += interval;
    if (target->next_ns < time_ns || target->next_ns > time_ns + 2 * interval) {
        target->next_ns = time_ns + interval; // after a pause, or with another clock
    }
    return true;
}

static void send_packets(struct bridge_target *target, int64_t now_ns)
{
    const unsigned char *bytes = target->packets.bytes;
#if BRIDGE_HAS_VTUBE_STUDIO
    if (target->vts != NULL && target->packets.count > 0) {
        bridge_vts_send(target->vts, &target->packets);
        return;
    }
#endif
    for (int i = 0; i < target->packets.count; i++) {
        const size_t size = target->packets.sizes[i];
        const bool is_sent = bridge_udp_send(&target->udp, bytes, size, now_ns);
        target->sent += is_sent;
        target->lost += !is_sent;
        bytes += size;
    }
}

// With the lock held.
static void show(struct bridge_target *target, const struct mocap_record *record,
                 const struct bridge_face_numbers *numbers, double time_s, int64_t now_ns)
{
    const struct bridge_output_target self = { &target->options->settings, &target->skeleton,
                                               target->state };
    struct bridge_view view = { .time_s = time_s, .numbers = numbers };
    if (record != NULL) {
        bridge_adjust(&target->adjusted, &target->options->settings, record);
        view.record = &target->adjusted.record;
        view.face = choose_face(target, view.record, numbers);
        view.gaze =
            view.face != NULL ? view.record->more[view.face - view.record->faces]->gaze : NULL;
        view.is_tracked = view.face != NULL && record->lost == MOCAP_LOST_NONE;
        view.unix_s = unix_time(record);
    }
    target->has_face = view.is_tracked;
    bridge_packets_clear(&target->packets);
    target->packets.limit =
        target->udp.is_loopback ? BRIDGE_PACKETS_LOOPBACK : BRIDGE_PACKETS_NETWORK;
    target->options->output->write(&self, &view, &target->packets);
    send_packets(target, now_ns);
}

void bridge_target_show(struct bridge_target *target, const struct mocap_record *record,
                        const struct bridge_face_numbers *numbers, double time_s)
{
    const int64_t now_ns = mc_clock_now_ns();
    pthread_mutex_lock(&target->lock);
    if (record == NULL || is_due(target, (double)record->t_publish_ns)) {
        show(target, record, numbers, time_s, now_ns);
    }
    pthread_mutex_unlock(&target->lock);
}

static void tell(struct bridge_target *target, enum bridge_link_state state, const char *reason)
{
    const bool was_down = target->told == BRIDGE_LINK_DOWN || target->told == BRIDGE_LINK_RESOLVING;
    const char *name = target->options->name, *address = bridge_target_address(target->options);
    if ((state == BRIDGE_LINK_DOWN || state == BRIDGE_LINK_RESOLVING) && reason[0] != '\0') {
        if (!was_down) {
            mc_log(MC_LOG_WARNING, "%s: %s: %s; trying again", name, address, reason);
            target->told = state;
        }
    } else if (state == BRIDGE_LINK_UP || state == BRIDGE_LINK_WAITING) {
        if (was_down) {
            mc_log(MC_LOG_INFO, "%s: %s is reachable", name, address);
        }
        target->told = state;
    }
}

bool bridge_target_update(struct bridge_target *target)
{
    const int64_t now_ns = mc_clock_now_ns();
    char reason[REASON_BYTES];
    pthread_mutex_lock(&target->lock);
    update_link(target, now_ns);
    const enum bridge_link_state state = link_state(target, now_ns, reason);
    tell(target, state, reason);
    const bool is_settled = state != BRIDGE_LINK_DOWN && state != BRIDGE_LINK_RESOLVING &&
                            target->udp.address.resolver == NULL;
    pthread_mutex_unlock(&target->lock);
    return is_settled;
}

json_t *bridge_target_report(struct bridge_target *target)
{
    static const char *const states[] = { "resolving", "down", "waiting", "ready" };
    const struct bridge_target_options *options = target->options;
    char reason[REASON_BYTES];
    pthread_mutex_lock(&target->lock);
    const enum bridge_link_state state = link_state(target, mc_clock_now_ns(), reason);
    uint64_t sent, lost;
    count_packets(target, &sent, &lost);
    json_t *report =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "name", options->name, "type",
                  options->output->name, "address", bridge_target_address(options), "state",
                  states[state], "reason", reason, "sent", (json_int_t)sent, "lost",
                  (json_int_t)lost, "face", target->has_face);
    pthread_mutex_unlock(&target->lock);
    return report;
}
