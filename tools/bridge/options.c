#include "tools/bridge/options.h"

#include <string.h>

const char bridge_options_usage[] =
    "usage: mocap-bridge [OPTION]...\n"
    "\n"
    "Sends what mocapd sees to avatar programs, to several at once.\n"
    "\n"
    "  --vmc HOST[:PORT]     to a receiver of the VMC protocol; port 39539\n"
    "  --osf HOST[:PORT]     to a receiver of OpenSeeFace's packets; port 11573\n"
    "                        both may be given several times; without any:\n"
    "                        --vmc 127.0.0.1\n"
    "  --socket PATH         where mocapd listens\n"
    "  --stream NAME         which of its streams; else its first\n"
    "  --lost hold|neutral   VMC: while nobody is seen stay as you were (unless told\n"
    "                        otherwise), or look ahead with a calm face\n"
    "  --mirror              VMC: move as a picture in a mirror\n"
    "  --shapes both|vrm|arkit\n"
    "                        VMC: the presets of VRM 0, perfect sync, or both\n"
    "  --bones head|body     VMC: head and neck, or also hips, spine, chest and\n"
    "                        eyes, at rest\n"
    "  --skeleton FILE.vrm   VMC: rest positions of the bones from your model\n"
    "  --log-level LEVEL     error, warning, info, debug\n"
    "  --version, --help\n";

static bool add_target(struct bridge_options *options, enum bridge_format format, const char *text,
                       struct mc_error *err)
{
    if (options->target_count == BRIDGE_TARGETS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "more than %d targets", BRIDGE_TARGETS_MAX);
    }
    options->targets[options->target_count++] =
        (struct bridge_target_options){ .format = format, .text = text };
    return true;
}

// The index of text in names, which end in NULL; -1 when it is none of them.
static int find_word(const char *text, const char *const *names)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static bool parse_shapes(struct bridge_options *options, const char *text, struct mc_error *err)
{
    static const char *const names[] = { "both", "vrm", "arkit", NULL };
    int index = find_word(text, names);
    options->vmc.shapes = index < 0 ? BRIDGE_SHAPES_BOTH : (enum bridge_shapes)index;
    return index >= 0 || mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                      "--shapes wants both, vrm or arkit, got '%s'", text);
}

static bool parse_bones(struct bridge_options *options, const char *text, struct mc_error *err)
{
    static const char *const names[] = { "head", "body", NULL };
    int index = find_word(text, names);
    options->vmc.body = index == 1;
    return index >= 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--bones wants head or body, got '%s'", text);
}

static bool parse_lost(struct bridge_options *options, const char *text, struct mc_error *err)
{
    // To stay is what receivers do when nothing is sent.
    static const char *const names[] = { "hold", "neutral", NULL };
    int index = find_word(text, names);
    options->lost = index == 1 ? MOCAP_LOST_NEUTRAL : MOCAP_LOST_NONE;
    return index >= 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--lost wants hold or neutral, got '%s'", text);
}

static bool take_option(void *user, int letter, char *value, struct mc_error *err)
{
    struct bridge_options *options = user;
    switch (letter) {
    case 'v':
        return add_target(options, BRIDGE_VMC, value, err);
    case 'o':
        return add_target(options, BRIDGE_OSF, value, err);
    case 's':
        options->socket = value;
        return true;
    case 'n':
        options->stream = value;
        return true;
    case 'm':
        options->vmc.mirror = true;
        return true;
    case 'a':
        return parse_shapes(options, value, err);
    case 'b':
        return parse_bones(options, value, err);
    case 't':
        return parse_lost(options, value, err);
    case 'k':
        options->skeleton = value;
        return true;
    default:
        return tools_arguments_log_level(value, &options->log_level, err);
    }
}

enum tools_arguments_result bridge_options_parse(struct bridge_options *options, int argc,
                                                 char **argv, struct mc_error *err)
{
    static const struct option known[] = {
        { "vmc", required_argument, NULL, 'v' },
        { "osf", required_argument, NULL, 'o' },
        { "socket", required_argument, NULL, 's' },
        { "stream", required_argument, NULL, 'n' },
        { "lost", required_argument, NULL, 't' },
        { "mirror", no_argument, NULL, 'm' },
        { "shapes", required_argument, NULL, 'a' },
        { "bones", required_argument, NULL, 'b' },
        { "skeleton", required_argument, NULL, 'k' },
        { "log-level", required_argument, NULL, 'l' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    *options = (struct bridge_options){ .log_level = MC_LOG_INFO,
                                        .vmc.skeleton = bridge_skeleton_default };
    const enum tools_arguments_result result =
        tools_arguments_read(argc, argv, known, take_option, options, err);
    if (result == TOOLS_ARGUMENTS_RUN && options->target_count == 0 &&
        !add_target(options, BRIDGE_VMC, "127.0.0.1", err)) {
        return TOOLS_ARGUMENTS_USAGE;
    }
    return result;
}
