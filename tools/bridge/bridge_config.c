#include "tools/bridge/bridge_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_text.h"
#include "base/path.h"
#include "tools/bridge/live_link.h"

static bool set_type(void *field, const char *label, const char *value, struct mc_error *err)
{
    const struct bridge_output *output = bridge_output_find(label, value, err);
    if (output != NULL) {
        *(const struct bridge_output **)field = output;
    }
    return output != NULL;
}

static const struct mc_option settings_table[] = {
    BRIDGE_SETTINGS_ROWS(struct bridge_settings, ),
    { 0 },
};

static const struct mc_option target_table[] = {
    { "type", .value = "TYPE", .kind = MC_OPTION_CALL, .set = set_type,
      MC_OPTION_FIELD(struct bridge_target_options, output) },
    { "address", .value = "HOST[:PORT]", .kind = MC_OPTION_STRING,
      MC_OPTION_FIELD(struct bridge_target_options, address) },
    { 0 },
};

// Options of the program that the file may give.
static const struct mc_option program_table[] = {
    { "socket", .value = "PATH", .kind = MC_OPTION_STRING,
      MC_OPTION_FIELD(struct bridge_options, socket) },
    { "status-socket", .value = "PATH", .kind = MC_OPTION_STRING,
      MC_OPTION_FIELD(struct bridge_options, status_socket) },
    { "log-level", .value = "LEVEL", .kind = MC_OPTION_ENUM, .names = mc_options_log_levels,
      MC_OPTION_FIELD(struct bridge_options, log_level) },
    { 0 },
};

struct reader {
    struct bridge_options read;           // what the file says of the program
    struct bridge_targets *targets;       // where its targets go
    struct bridge_settings settings;      // above all sections
    struct bridge_target_options *target; // whose section it is; NULL before the first
    int target_line;
};

// Refuses a name that belongs elsewhere.
static bool check_name(const struct reader *reader, const char *name, struct mc_error *err)
{
    if (reader->target == NULL && mc_options_find(target_table, name) != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s must be in a [target NAME] section", name);
    }
    if (reader->target != NULL && mc_options_find(program_table, name) != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s is not an option of one target: it must be above all sections",
                            name);
    }
    return true;
}

// An address that can't be one is an error of its line.
static bool check_address(const char *name, const char *value, struct mc_error *err)
{
    struct bridge_address address;
    if (strcmp(name, "address") != 0) {
        return true;
    }
    if (!bridge_address_init(&address, value, "1", err)) {
        return mc_error_wrap(err, "%s", name);
    }
    bridge_address_finish(&address);
    return true;
}

// Sets column to where an error is: at the name, or at the value of a name that is known.
static bool read_setting(struct reader *reader, const struct mc_config_item *item, int *column,
                         struct mc_error *err)
{
    struct bridge_target_options *target = reader->target;
    const struct mc_options global[] = { { program_table, &reader->read },
                                         { settings_table, &reader->settings } };
    const struct mc_options section[] = {
        { target_table, target },
        { settings_table, target == NULL ? NULL : &target->settings },
    };
    const struct mc_options *scopes = target == NULL ? global : section;
    *column = item->name_column;
    if (!check_name(reader, item->name, err)) {
        return false;
    }
    if (mc_options_know(scopes, 2, item->name)) {
        *column = item->value_column;
    }
    return mc_options_set(scopes, 2, item->name, item->value, err) &&
           check_address(item->name, item->value, err);
}

// The one whose section has come to its end.
static bool check_target(const struct reader *reader, struct mc_error *err)
{
    if (reader->target == NULL) {
        return true;
    }
    return reader->target->output != NULL
               ? live_link_check(reader->targets, reader->targets->count - 1, err)
               : mc_error_set(err, MC_ERROR_FORMAT, 0, "[target %s] must have a type",
                              reader->target->name);
}

// Likewise.
static bool read_section(struct reader *reader, const struct mc_config_item *item, int *column,
                         struct mc_error *err)
{
    *column = item->name_column;
    if (strcmp(item->name, "target") != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be [target NAME], got '[%.40s%s%.40s]'",
                            item->name, item->value[0] == '\0' ? "" : " ", item->value);
    }
    *column = item->value_column;
    reader->target = bridge_targets_add(reader->targets, item->value, &reader->settings, err);
    reader->target_line = item->line;
    return reader->target != NULL;
}

static bool read_items(struct reader *reader, struct mc_config_text *text, struct mc_error *err)
{
    struct mc_config_item item;
    for (;;) {
        int column;
        if (!mc_config_text_next(text, &item, err)) {
            return false;
        }
        if (item.kind != MC_CONFIG_SETTING && !check_target(reader, err)) {
            return mc_error_wrap(err, "%s:%d", text->path, reader->target_line);
        }
        if (item.kind == MC_CONFIG_END) {
            return true;
        }
        const bool good = item.kind == MC_CONFIG_SECTION
                              ? read_section(reader, &item, &column, err)
                              : read_setting(reader, &item, &column, err);
        if (!good) {
            return mc_error_wrap(err, "%s:%d:%d", text->path, item.line, column);
        }
    }
}

// The command line's options hold.
static void complete(struct bridge_options *options, const struct bridge_options *read)
{
    if (options->socket[0] == '\0') {
        memcpy(options->socket, read->socket, sizeof options->socket);
    }
    if (options->status_socket[0] == '\0') {
        memcpy(options->status_socket, read->status_socket, sizeof options->status_socket);
    }
    if (options->log_level < 0) {
        options->log_level = read->log_level;
    }
}

bool bridge_config_read(struct bridge_options *options, const char *path, struct mc_error *err)
{
    struct mc_config_text text;
    struct reader *reader = malloc(sizeof *reader);
    if (reader == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the configuration");
    }
    *reader = (struct reader){ .read = bridge_options_default,
                               .targets = &options->targets,
                               .settings = bridge_settings_default };
    const bool good = mc_config_text_open(&text, path, err) && read_items(reader, &text, err);
    mc_config_text_close(&text);
    if (good) {
        complete(options, &reader->read);
    }
    free(reader);
    return good;
}

bool bridge_config_find(char *path, size_t size)
{
    static const char name[] = "mocap-bridge.conf";
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length = -1;
    if (folder != NULL && folder[0] == '/') {
        length = snprintf(path, size, "%s/mocapd/%s", folder, name);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, size, "%s/.config/mocapd/%s", home, name);
    }
    if (length > 0 && (size_t)length < size && access(path, F_OK) == 0) {
        return true;
    }
    return mc_path_config(path, size, name) && access(path, F_OK) == 0;
}
