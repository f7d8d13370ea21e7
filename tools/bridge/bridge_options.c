#include "tools/bridge/bridge_options.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/value.h"
#include "tools/bridge/live_link.h"

// Names go into logs and JSON.
static bool is_visible(const char *name)
{
    size_t size = strlen(name);
    while (size > 0) {
        uint32_t character;
        const int bytes = mc_utf8_decode(name, size, &character);
        if (bytes == 0 || mc_utf8_invisible_name(character) != NULL) {
            return false;
        }
        name += bytes;
        size -= (size_t)bytes;
    }
    return true;
}

struct bridge_target_options *bridge_targets_add(struct bridge_targets *targets, const char *name,
                                                 const struct bridge_settings *settings,
                                                 struct mc_error *err)
{
    if (targets->count == BRIDGE_TARGETS_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "'%.40s': there must be at most %d targets", name,
                     BRIDGE_TARGETS_MAX);
        return NULL;
    }
    for (int i = 0; i < targets->count; i++) {
        if (strcmp(targets->items[i].name, name) == 0) {
            mc_error_set(err, MC_ERROR_ARGUMENT, 0, "there is already a target '%.40s'", name);
            return NULL;
        }
    }
    if (!is_visible(name)) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the target's name must be visible text");
        return NULL;
    }
    struct bridge_target_options *target = &targets->items[targets->count];
    *target = (struct bridge_target_options){ .settings = *settings };
    if (!mc_value_text("the target's name", name, target->name, sizeof target->name, err)) {
        return NULL;
    }
    targets->count++;
    return target;
}

const char *bridge_target_address(const struct bridge_target_options *target)
{
    return target->address[0] != '\0' ? target->address : "127.0.0.1";
}

// label is "--" and the output's name.
static bool add_target(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct bridge_targets *targets = field;
    const char *type = label + strspn(label, "-");
    char name[BRIDGE_TARGET_NAME_BYTES];
    snprintf(name, sizeof name, "%s", type);
    for (int i = 0, same = 1; i < targets->count; i++) {
        if (strcmp(targets->items[i].output->name, type) == 0) {
            snprintf(name, sizeof name, "%s-%d", type, ++same);
        }
    }
    struct bridge_target_options *target =
        bridge_targets_add(targets, name, &bridge_settings_default, err);
    if (target == NULL) {
        return mc_error_wrap(err, "%s", label);
    }
    target->output = bridge_output_find(label, type, err);
    struct bridge_address address;
    if (!bridge_address_init(&address, value, target->output->port, err)) {
        return mc_error_wrap(err, "%s", label);
    }
    bridge_address_finish(&address);
    snprintf(target->address, sizeof target->address, "%s", value);
    return true;
}

#define TARGET_ROW(name, help)                                                                     \
    {                                                                                              \
        name, 0, "HOST[:PORT]", help, MC_OPTION_CALL,                                              \
            .set = add_target, MC_OPTION_FIELD(struct bridge_options, targets)                     \
    }

const struct mc_option bridge_options_table[] = {
    TARGET_ROW("vmc", "send the VMC protocol; port 39539. This and the following may be repeated"),
    TARGET_ROW("osf", "send OpenSeeFace's packets; port 11573"),
    TARGET_ROW("vrchat", "send VRChat's face tracking over OSC; port 9000"),
    TARGET_ROW("ifacialmocap", "send iFacialMocap's datagrams; port 49983"),
    TARGET_ROW("live-link", "send Live Link Face's datagrams, for Unreal Engine; port 11111"),
#if BRIDGE_HAS_VTUBE_STUDIO
    TARGET_ROW("vtube-studio", "connect to VTube Studio as a plugin; port 8001"),
#endif
    TARGET_ROW("opentrack", "send the head to opentrack; port 4242"),
    TARGET_ROW("osc", "send plain OSC; port 8000"),
    { "config", 0, "FILE",
      "read targets from this file; default: mocapd/mocap-bridge.conf in the user's "
      "configuration folder or in /etc, unless targets are given here",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct bridge_options, config) },
    { "check-config", 0, NULL, "check the configuration file, print what it contains, and exit",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct bridge_options, check_config) },
    BRIDGE_SETTINGS_ROWS(struct bridge_options, settings.),
    { "socket", 0, "PATH", "where mocapd listens", MC_OPTION_STRING,
      MC_OPTION_FIELD(struct bridge_options, socket) },
    { "status-socket", 0, "PATH",
      "where the status command asks; default: "
      "mocap-bridge.sock in $XDG_RUNTIME_DIR/mocapd",
      MC_OPTION_STRING, MC_OPTION_FIELD(struct bridge_options, status_socket) },
    { "log-level", 0, "LEVEL", "error, warning, info or debug; default: info", MC_OPTION_ENUM,
      .names = mc_options_log_levels, MC_OPTION_FIELD(struct bridge_options, log_level) },
    { 0 },
};

const struct bridge_options bridge_options_default = {
    .log_level = -1,
    .settings = BRIDGE_SETTINGS_DEFAULT,
};

bool bridge_options_check(void *chosen, struct mc_error *err)
{
    struct bridge_options *options = chosen;
    bool good = true;
    for (int i = 0; i < options->targets.count && good; i++) {
        options->targets.items[i].settings = options->settings;
        good = live_link_check(&options->targets, i, err);
    }
    return good;
}
