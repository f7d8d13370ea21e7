#include "tools/fleet/stream_change.h"

#include <stdio.h>
#include <string.h>

#include "tools/fleet/catalogue.h"
#include "tools/terminal.h"

bool fleet_stream_change_name(char name[FLEET_NAME_BYTES], const char *label, const char *text,
                              size_t length, struct mc_error *err)
{
    if (length >= FLEET_NAME_BYTES) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: a name must be at most %d bytes", label,
                            FLEET_NAME_BYTES - 1);
    }
    memcpy(name, text, length);
    name[length] = '\0';
    return fleet_name_valid(name) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "%s: a name must be 1 to %d visible bytes of UTF-8", label,
                        FLEET_NAME_BYTES - 1);
}

bool fleet_stream_change_option(json_t **options, const char *label, const char *name,
                                size_t length, const char *value, struct mc_error *err)
{
    char copy[64];
    if (length == 0 || length >= sizeof copy) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: unknown option '%.40s'", label, name);
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    if (strcmp(copy, "password-file") == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "password-file is a file of one machine, and no machine of the fleet "
                            "reads it: give user and password");
    }
    if (*options == NULL) {
        *options = json_object();
    }
    return json_object_set_new(*options, copy, json_string(value)) == 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: '%s' must be UTF-8", label, copy);
}

static json_t *make_definition(const struct fleet_stream_change *change)
{
    json_t *definition = json_object(), *labels = json_array();
    for (int i = 0; i < change->labels.count; i++) {
        json_array_append_new(labels, json_string(change->labels.items[i]));
    }
    json_object_set(definition, "options", change->options);
    if (json_array_size(labels) > 0) {
        json_object_set(definition, "labels", labels);
    }
    json_decref(labels);
    if (change->worker != NULL) {
        json_object_set_new(definition, "worker", json_string(change->worker));
    }
    return definition;
}

static bool are_short(const struct fleet_stream_change *change)
{
    const size_t length = json_dumpb(change->options, NULL, 0, JSON_COMPACT);
    if (length > FLEET_OPTIONS_BYTES) {
        tools_complain("%s: its options must be at most %d bytes, got %zu", change->stream,
                       FLEET_OPTIONS_BYTES, length);
    }
    return length <= FLEET_OPTIONS_BYTES;
}

bool fleet_stream_change_apply(struct fleet_catalogue *catalogue,
                               const struct fleet_stream_change *change)
{
    const struct fleet_stream *stream = fleet_roster_stream(&catalogue->roster, change->stream);
    const bool was_there = stream != NULL && stream->options != NULL;
    if (!are_short(change)) {
        return false;
    }
    json_t *definition = make_definition(change);
    json_t *before = was_there ? fleet_catalogue_definition(stream) : NULL;
    const bool is_same = before != NULL && json_equal(before, definition);
    const bool good = is_same || fleet_catalogue_define(catalogue, change->stream, definition);
    if (good) {
        printf("%s %s\n", is_same ? "unchanged" : was_there ? "changed" : "added", change->stream);
    }
    json_decref(before);
    json_decref(definition);
    return good;
}
