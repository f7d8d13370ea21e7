#include "tools/bridge/bridge.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/bridge/feed.h"
#include "tools/json_text.h"

enum {
    START_MS = 5000, // while it starts,
    UPDATE_START_MS = 20,
    UPDATE_SOON_MS = 250, // and later while a target is not as it should be
    UPDATE_MS = 1000,
};

struct bridge {
    const struct bridge_options *options;
    int64_t start_ns;
    struct bridge_target *targets[BRIDGE_TARGETS_MAX];
    struct bridge_feed *feeds[BRIDGE_TARGETS_MAX];
    int feed_of[BRIDGE_TARGETS_MAX]; // each target's
    int feed_count;
};

static bool create_targets(struct bridge *bridge, struct mc_error *err)
{
    const struct bridge_targets *wanted = &bridge->options->targets;
    for (int i = 0; i < wanted->count; i++) {
        bridge->targets[i] = bridge_target_create(&wanted->items[i], err);
        if (bridge->targets[i] == NULL) {
            return false;
        }
    }
    return true;
}

static bool can_share(const struct bridge_settings *a, const struct bridge_settings *b)
{
    return strcmp(a->stream, b->stream) == 0 && a->lost == b->lost;
}

// Starts a feed for the target and all later ones that can share it.
static bool start_feed(struct bridge *bridge, int first, struct mc_error *err)
{
    const struct bridge_options *options = bridge->options;
    const struct bridge_settings *settings = &options->targets.items[first].settings;
    struct bridge_feed_options feed = {
        .socket = options->socket[0] != '\0' ? options->socket : NULL,
        .stream = settings->stream[0] != '\0' ? settings->stream : NULL,
        .lost = settings->lost,
        .start_ns = bridge->start_ns,
    };
    for (int i = first; i < options->targets.count; i++) {
        if (bridge->feed_of[i] < 0 && can_share(settings, &options->targets.items[i].settings)) {
            bridge->feed_of[i] = bridge->feed_count;
            feed.targets[feed.target_count++] = bridge->targets[i];
        }
    }
    bridge->feeds[bridge->feed_count] = bridge_feed_start(&feed, err);
    return bridge->feeds[bridge->feed_count++] != NULL;
}

struct bridge *bridge_start(const struct bridge_options *options, struct mc_error *err)
{
    struct bridge *bridge = calloc(1, sizeof *bridge);
    if (bridge == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
        return NULL;
    }
    bridge->options = options;
    bridge->start_ns = mc_clock_now_ns();
    for (int i = 0; i < BRIDGE_TARGETS_MAX; i++) {
        bridge->feed_of[i] = -1;
    }
    bool good = create_targets(bridge, err);
    for (int i = 0; good && i < options->targets.count; i++) {
        good = bridge->feed_of[i] >= 0 || start_feed(bridge, i, err);
    }
    if (!good) {
        bridge_stop(bridge);
        return NULL;
    }
    return bridge;
}

void bridge_stop(struct bridge *bridge)
{
    if (bridge == NULL) {
        return;
    }
    for (int i = 0; i < bridge->feed_count; i++) {
        bridge_feed_stop(bridge->feeds[i]);
    }
    for (int i = 0; i < BRIDGE_TARGETS_MAX; i++) {
        bridge_target_destroy(bridge->targets[i]);
    }
    free(bridge);
}

int bridge_update(struct bridge *bridge)
{
    bool is_settled = true;
    for (int i = 0; i < bridge->options->targets.count; i++) {
        is_settled = bridge_target_update(bridge->targets[i]) && is_settled;
    }
    const bool is_starting = mc_clock_now_ns() - bridge->start_ns < START_MS * MC_NS_PER_MS;
    return is_settled ? UPDATE_MS : is_starting ? UPDATE_START_MS : UPDATE_SOON_MS;
}

char *bridge_report(struct bridge *bridge, const char *version)
{
    const double uptime_s =
        (double)(mc_clock_now_ns() - bridge->start_ns) / (double)MC_NS_PER_SECOND;
    json_t *targets = json_array();
    for (int i = 0; i < bridge->options->targets.count; i++) {
        json_t *report = bridge_target_report(bridge->targets[i]);
        bridge_feed_report(bridge->feeds[bridge->feed_of[i]], report);
        json_array_append_new(targets, report);
    }
    json_t *all = json_pack("{s:s+, s:f, s:o}", "program", "mocap-bridge ", version, "uptime_s",
                            uptime_s, "targets", targets);
    char *text = tools_json_text(all, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(all);
    return text;
}
