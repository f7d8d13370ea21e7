// mocap-fleet streams: which streams the fleet watches.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/source/url.h"
#include "tools/fleet/catalogue.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/stream_change.h"
#include "tools/json_text.h"
#include "tools/terminal.h"

enum { NAMES_MAX = 64 };

// ---- words

// The URL and the settings as mocapd has them; NULL and err when one is wrong.
static json_t *make_options(const struct fleet_stream_change *change, const char *label,
                            struct mc_error *err)
{
    json_t *options = NULL;
    bool is_good =
        fleet_stream_change_option(&options, label, "url", strlen("url"), change->url, err);
    for (int i = 0; is_good && i < change->setting_count; i++) {
        const char *setting = change->settings[i];
        const size_t length = (size_t)(strchr(setting, '=') - setting);
        is_good =
            fleet_stream_change_option(&options, label, setting, length, setting + length + 1, err);
    }
    if (!is_good) {
        json_decref(options);
        options = NULL;
    }
    return options;
}

// Keeps nothing, as the command line may be wrong further on.
static bool check_options(const struct fleet_stream_change *change, const char *label,
                          struct mc_error *err)
{
    json_t *options = make_options(change, label, err);
    json_decref(options);
    return options != NULL;
}

// The message does not hold what may be a URL with a password.
static bool read_name_url(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct fleet_stream_change *change = field;
    const char *equals = strchr(value, '=');
    if (equals == NULL || memchr(value, '/', (size_t)(equals - value)) != NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be a name, = and a URL", label);
    }
    change->url = equals + 1;
    return fleet_stream_change_stream(change->stream, label, value, (size_t)(equals - value),
                                      err) &&
           check_options(change, label, err);
}

static bool read_option(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct fleet_stream_change *change = field;
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be like max-faces=2 (see mocapd --help), got '%.40s'", label,
                            equals == NULL ? value : "=");
    }
    if (change->setting_count == FLEET_STREAM_SETTINGS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: must be at most %d settings", label,
                            FLEET_STREAM_SETTINGS_MAX);
    }
    change->settings[change->setting_count++] = value;
    return check_options(change, label, err);
}

static bool read_name(void *field, const char *label, const char *value, struct mc_error *err)
{
    return fleet_stream_change_name(field, label, value, strlen(value), err);
}

// ---- add

static int run_add(const void *options, const void *globals)
{
    struct fleet_stream_change change = *(const struct fleet_stream_change *)options;
    struct fleet_catalogue catalogue;
    struct mc_error err = { 0 };
    change.options = make_options(&change, "STREAM", &err);
    if (change.options == NULL || !fleet_stream_change_check(&change, &err)) {
        tools_complain("%s", err.message);
        json_decref(change.options);
        return MC_EXIT_FAILED;
    }
    bool good = fleet_catalogue_open(&catalogue, globals, change.replicas);
    if (good) {
        good = fleet_stream_change_apply(&catalogue, &change);
        fleet_catalogue_close(&catalogue);
    }
    json_decref(change.options);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

// ---- remove

struct names {
    int count;
    char items[NAMES_MAX][FLEET_NAME_BYTES];
};

static bool read_names(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct names *names = field;
    if (names->count == NAMES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be at most %d names", label,
                            NAMES_MAX);
    }
    return fleet_stream_change_name(names->items[names->count++], label, value, strlen(value), err);
}

static int run_remove(const void *options, const void *globals)
{
    const struct names *names = options;
    struct fleet_catalogue catalogue;
    if (!fleet_catalogue_open(&catalogue, globals, 0)) {
        return MC_EXIT_FAILED;
    }
    bool good = true;
    for (int i = 0; i < names->count; i++) {
        const struct fleet_stream *stream = fleet_roster_stream(&catalogue.roster, names->items[i]);
        if (stream == NULL || (stream->options == NULL && !stream->is_unreadable)) {
            printf("%s is not there: nothing to remove\n", names->items[i]);
        } else if (fleet_catalogue_define(&catalogue, names->items[i], NULL)) {
            printf("removed %s\n", names->items[i]);
        } else {
            good = false;
        }
    }
    fleet_catalogue_close(&catalogue);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

// ---- move

struct move {
    char stream[FLEET_NAME_BYTES];
    char worker[FLEET_NAME_BYTES];
};

static bool move(struct fleet_catalogue *catalogue, const struct move *move)
{
    const struct fleet_stream *stream = fleet_roster_stream(&catalogue->roster, move->stream);
    const struct fleet_worker *worker = fleet_roster_worker(&catalogue->roster, move->worker);
    const bool is_to_any = strcmp(move->worker, FLEET_ANY_WORKER) == 0;
    if (stream == NULL || stream->options == NULL) {
        tools_complain("there is no stream '%s'; see mocap-fleet streams list", move->stream);
        return false;
    }
    if (!is_to_any && worker == NULL) {
        tools_complain("there is no machine '%s'; see mocap-fleet status", move->worker);
        return false;
    }
    json_t *definition = fleet_catalogue_definition(stream);
    if (is_to_any) {
        json_object_del(definition, "worker");
    } else {
        json_object_set_new(definition, "worker", json_string(move->worker));
    }
    const bool good = fleet_catalogue_define(catalogue, move->stream, definition);
    json_decref(definition);
    if (good && !is_to_any && worker->has_ended) {
        printf("%s goes to %s when that is there\n", move->stream, move->worker);
    } else if (good) {
        printf("%s goes to %s\n", move->stream,
               is_to_any ? "the machine that suits it best" : move->worker);
    }
    return good;
}

static int run_move(const void *options, const void *globals)
{
    struct fleet_catalogue catalogue;
    if (!fleet_catalogue_open(&catalogue, globals, 0)) {
        return MC_EXIT_FAILED;
    }
    const bool good = move(&catalogue, options);
    fleet_catalogue_close(&catalogue);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

// ---- list

struct list {
    bool json;
};

static void write_json(const struct fleet_catalogue *catalogue)
{
    json_t *streams = json_array();
    for (int i = 0; i < catalogue->roster.stream_count; i++) {
        const struct fleet_stream *stream = catalogue->roster.streams[i];
        if (stream->options == NULL) {
            continue;
        }
        json_t *item = fleet_catalogue_definition(stream);
        json_t *options = json_object_get(item, "options");
        char url[1024];
        pipeline_url_redact(json_string_value(json_object_get(options, "url")) == NULL
                                ? ""
                                : json_string_value(json_object_get(options, "url")),
                            url, sizeof url);
        json_object_set_new(options, "url", json_string(url));
        json_object_del(options, "password");
        json_object_set_new(item, "stream", json_string(stream->name));
        json_object_set_new(item, "owner",
                            json_string(stream->owner == NULL ? "" : stream->owner->name));
        json_array_append_new(streams, item);
    }
    char *text = tools_json_text(streams, JSON_COMPACT);
    tools_write_json(stdout, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
    putchar('\n');
    free(text);
    json_decref(streams);
}

static void write_line(const struct fleet_stream *stream)
{
    json_t *options = json_loads(stream->options, 0, NULL);
    const char *url = json_string_value(json_object_get(options, "url"));
    char hidden[1024];
    pipeline_url_redact(url == NULL ? "" : url, hidden, sizeof hidden);
    tools_write_text(stdout, stream->name);
    printf("  ");
    tools_write_text(stdout, stream->owner == NULL ? "-" : stream->owner->name);
    printf("  ");
    tools_write_text(stdout, hidden);
    for (int i = 0; i < stream->labels.count; i++) {
        printf("  %s", stream->labels.items[i]);
    }
    if (stream->wanted[0] != '\0') {
        printf("  moved to ");
        tools_write_text(stdout, stream->wanted);
    }
    putchar('\n');
    json_decref(options);
}

static int run_list(const void *options, const void *globals)
{
    const struct list *list = options;
    struct fleet_catalogue catalogue;
    if (!fleet_catalogue_open(&catalogue, globals, 0)) {
        return MC_EXIT_FAILED;
    }
    if (list->json) {
        write_json(&catalogue);
    }
    for (int i = 0; i < catalogue.roster.stream_count && !list->json; i++) {
        if (catalogue.roster.streams[i]->options != NULL) {
            write_line(catalogue.roster.streams[i]);
        }
    }
    fleet_catalogue_close(&catalogue);
    return MC_EXIT_OK;
}

// ---- commands

static const struct mc_option add_table[] = {
    { "NAME=URL", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true,
      .set = read_name_url, .help = "the stream's name, and its source as in mocapd --stream" },
    { "OPTION=VALUE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .many = true,
      .set = read_option,
      .help = "as in a [stream NAME] section of mocapd's configuration file: max-faces=2, ..." },
    { "label", 0, "NAME=VALUE", FLEET_STREAM_LABEL_HELP, MC_OPTION_CALL,
      .set = fleet_options_read_label, MC_OPTION_FIELD(struct fleet_stream_change, labels) },
    { "worker", 0, "NAME",
      "the machine that should watch it while it is there; any: whichever suits; default: as it "
      "was",
      MC_OPTION_CALL, .set = read_name, MC_OPTION_FIELD(struct fleet_stream_change, worker) },
    { "replicas", 0, "N",
      "of a bucket of leases that must be made first; default: 3 in a cluster, else 1",
      MC_OPTION_INT, .min = 1, .max = 5, MC_OPTION_FIELD(struct fleet_stream_change, replicas) },
    { 0 },
};

static const struct mc_command add_command = {
    .name = "add",
    .summary = "add a stream, or change the one of that name",
    .details =
        "Of a stream that is there, source and options are replaced; labels and machine stay "
        "unless they are given. Source and options are checked by the mocapd of the machine "
        "that takes the stream: if it refuses them, mocap-fleet status shows that.",
    .options = add_table,
    .options_size = sizeof(struct fleet_stream_change),
    .run = run_add,
};

static const struct mc_option remove_table[] = {
    { "NAME", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true, .many = true,
      .set = read_names, .help = "the streams" },
    { 0 },
};

static const struct mc_command remove_command = {
    .name = "remove",
    .summary = "remove streams",
    .options = remove_table,
    .options_size = sizeof(struct names),
    .run = run_remove,
};

static const struct mc_option move_table[] = {
    { "NAME", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true,
      .set = read_name, .help = "the stream", MC_OPTION_FIELD(struct move, stream) },
    { "MACHINE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true,
      .set = read_name,
      .help = "the machine that shall watch it while it is there; any: whichever suits",
      MC_OPTION_FIELD(struct move, worker) },
    { 0 },
};

static const struct mc_command move_command = {
    .name = "move",
    .summary = "move a stream to a machine",
    .options = move_table,
    .options_size = sizeof(struct move),
    .run = run_move,
};

static const struct mc_option list_table[] = {
    { "json", 0, NULL, "as JSON", MC_OPTION_BOOL, MC_OPTION_FIELD(struct list, json) },
    { 0 },
};

static const struct mc_command list_command = {
    .name = "list",
    .summary = "list the streams: name, owner, source without its secrets, labels",
    .options = list_table,
    .options_size = sizeof(struct list),
    .run = run_list,
};

static const struct mc_command *const commands[] = {
    &add_command, &remove_command, &list_command, &move_command, &fleet_streams_import_command, NULL
};

const struct mc_command fleet_streams_command = {
    .name = "streams",
    .summary = "add, remove, list and move the fleet's streams",
    .details = "The streams are kept by the broker, for the site. Passwords on a command line are "
               "seen in the list of processes: import a file instead.",
    .commands = commands,
};
