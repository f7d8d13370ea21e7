// mocap-fleet streams import: the streams of a configuration file of mocapd.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_text.h"
#include "tools/fleet/catalogue.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/stream_change.h"
#include "tools/terminal.h"

struct import {
    const char *file;
    struct fleet_labels labels;
};

// All of the file, before anything of it is applied.
struct plan {
    const struct import *import;
    struct fleet_stream_change *changes; // owned, as are their options
    int count;
    int line;       // of the section that is read
    bool is_stream; // that section; others are each machine's own
};

static void finish(struct plan *plan)
{
    for (int i = 0; i < plan->count; i++) {
        json_decref(plan->changes[i].options);
    }
    free(plan->changes);
}

static bool is_there(const struct plan *plan, const char *name)
{
    for (int i = 0; i < plan->count; i++) {
        if (strcmp(plan->changes[i].stream, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_last(const struct plan *plan, struct mc_error *err)
{
    return plan->count == 0 || fleet_stream_change_check(&plan->changes[plan->count - 1], err) ||
           mc_error_wrap(err, "%s:%d", plan->import->file, plan->line);
}

static bool add(struct plan *plan, const struct mc_config_item *item, const char *where,
                struct mc_error *err)
{
    struct fleet_stream_change change = { .labels = plan->import->labels };
    if (!check_last(plan, err) ||
        !fleet_stream_change_stream(change.stream, where, item->value, strlen(item->value), err)) {
        return false;
    }
    if (is_there(plan, change.stream)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: stream '%s' is given twice", where,
                            change.stream);
    }
    struct fleet_stream_change *grown =
        realloc(plan->changes, (size_t)(plan->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", where);
    }
    plan->changes = grown;
    plan->changes[plan->count++] = change;
    plan->line = item->line;
    return true;
}

static bool take(struct plan *plan, const struct mc_config_item *item, struct mc_error *err)
{
    char where[512];
    snprintf(where, sizeof where, "%s:%d", plan->import->file, item->line);
    if (item->kind == MC_CONFIG_SECTION) {
        plan->is_stream = strcmp(item->name, "stream") == 0;
        return !plan->is_stream || add(plan, item, where, err);
    }
    return !plan->is_stream ||
           fleet_stream_change_option(&plan->changes[plan->count - 1].options, where, item->name,
                                      strlen(item->name), item->value, err);
}

static bool read_file(struct plan *plan, struct mc_error *err)
{
    struct mc_config_text config;
    struct mc_config_item item = { 0 };
    bool good = mc_config_text_open(&config, plan->import->file, err);
    while (good && (good = mc_config_text_next(&config, &item, err)) &&
           item.kind != MC_CONFIG_END) {
        good = take(plan, &item, err);
    }
    mc_config_text_close(&config);
    return good && check_last(plan, err);
}

static bool apply(struct fleet_catalogue *catalogue, const struct plan *plan)
{
    for (int i = 0; i < plan->count; i++) {
        if (!fleet_stream_change_apply(catalogue, &plan->changes[i])) {
            tools_complain("%s: %d of %d streams are not imported; import it again",
                           plan->import->file, plan->count - i, plan->count);
            return false;
        }
    }
    return true;
}

static int run(const void *options, const void *globals)
{
    struct plan plan = { .import = options };
    struct fleet_catalogue catalogue;
    struct mc_error err = { 0 };
    bool good = read_file(&plan, &err);
    if (!good) {
        tools_complain("%s", err.message);
    } else if ((good = fleet_catalogue_open(&catalogue, globals, 0))) {
        good = apply(&catalogue, &plan);
        fleet_catalogue_close(&catalogue);
    }
    finish(&plan);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option import_table[] = {
    { "FILE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a configuration file of mocapd", MC_OPTION_FIELD(struct import, file) },
    { "label", 0, "NAME=VALUE", FLEET_STREAM_LABEL_HELP, MC_OPTION_CALL,
      .set = fleet_options_read_label, MC_OPTION_FIELD(struct import, labels) },
    { 0 },
};

const struct mc_command fleet_streams_import_command = {
    .name = "import",
    .summary = "add the streams of a configuration file of mocapd",
    .details = "The file is read as a whole first: where it has a mistake, nothing is added. Of "
               "streams that are there, source and options are replaced; the machine to which one "
               "was moved stays, and so do labels unless some are given.",
    .options = import_table,
    .options_size = sizeof(struct import),
    .run = run,
};
