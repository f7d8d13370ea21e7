#include "tools/bridge/bridge_options.h"

#include "base/value.h"

static bool add_target(struct bridge_targets *targets, enum bridge_format format, const char *label,
                       const char *text, struct mc_error *err)
{
    if (targets->count == BRIDGE_TARGETS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s '%.40s': more than %d targets", label,
                            text, BRIDGE_TARGETS_MAX);
    }
    targets->items[targets->count++] =
        (struct bridge_target_options){ .format = format, .text = text };
    return true;
}

static bool add_vmc(void *field, const char *label, const char *value, struct mc_error *err)
{
    return add_target(field, BRIDGE_VMC, label, value, err);
}

static bool add_osf(void *field, const char *label, const char *value, struct mc_error *err)
{
    return add_target(field, BRIDGE_OSF, label, value, err);
}

static bool set_bones(void *field, const char *label, const char *value, struct mc_error *err)
{
    static const char *const names[] = { "head", "body" };
    int index;
    if (!mc_value_choice(label, value, names, 2, &index, err)) {
        return false;
    }
    *(bool *)field = index == 1;
    return true;
}

// Receivers hold the last pose when nothing is sent.
static bool set_lost(void *field, const char *label, const char *value, struct mc_error *err)
{
    static const char *const names[] = { "hold", "neutral" };
    int index;
    if (!mc_value_choice(label, value, names, 2, &index, err)) {
        return false;
    }
    *(enum mocap_lost *)field = index == 1 ? MOCAP_LOST_NEUTRAL : MOCAP_LOST_NONE;
    return true;
}

static const char *const shapes[] = { "both", "vrm", "arkit", NULL };

const struct mc_option bridge_options_table[] = {
    { "vmc", 0, "HOST[:PORT]",
      "send to a receiver of the VMC protocol; port 39539 by default; may be repeated; default: "
      "127.0.0.1",
      MC_OPTION_CALL, .set = add_vmc, MC_OPTION_FIELD(struct bridge_options, targets) },
    { "osf", 0, "HOST[:PORT]",
      "send to a receiver of OpenSeeFace packets; port 11573 by default; may be repeated",
      MC_OPTION_CALL, .set = add_osf, MC_OPTION_FIELD(struct bridge_options, targets) },
    { "socket", 0, "PATH", "where mocapd listens", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct bridge_options, socket) },
    { "stream", 0, "NAME", "send this stream; default: mocapd's first", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct bridge_options, stream) },
    { "lost", 0, "hold|neutral",
      "VMC: while no face is tracked, hold the last pose, or look ahead with a neutral face; "
      "default: hold",
      MC_OPTION_CALL, .set = set_lost, MC_OPTION_FIELD(struct bridge_options, lost) },
    { "mirror", 0, NULL, "VMC: move like a mirror image", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct bridge_options, vmc.mirror) },
    { "shapes", 0, "SHAPES",
      "VMC: vrm (presets of VRM 0), arkit (perfect sync), or both; default: both", MC_OPTION_ENUM,
      .names = shapes, MC_OPTION_FIELD(struct bridge_options, vmc.shapes) },
    { "bones", 0, "head|body",
      "VMC: send head and neck, or also hips, spine, chest and eyes, at rest; default: head",
      MC_OPTION_CALL, .set = set_bones, MC_OPTION_FIELD(struct bridge_options, vmc.body) },
    { "skeleton", 0, "FILE.vrm", "VMC: take the bones' rest positions from this model",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct bridge_options, skeleton) },
    { "log-level", 0, "LEVEL", "error, warning, info or debug; default: info", MC_OPTION_ENUM,
      .names = mc_options_log_levels, MC_OPTION_FIELD(struct bridge_options, log_level) },
    { 0 },
};

const struct bridge_options bridge_options_default = { .log_level = MC_LOG_INFO };

bool bridge_options_check(void *chosen, struct mc_error *err)
{
    struct bridge_options *options = chosen;
    options->vmc.skeleton = bridge_skeleton_default;
    return options->targets.count > 0 ||
           add_target(&options->targets, BRIDGE_VMC, "--vmc", "127.0.0.1", err);
}
