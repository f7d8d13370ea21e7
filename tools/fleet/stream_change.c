#include "tools/fleet/stream_change.h"

#include <stdio.h>
#include <string.h>

#include "protocol/message.h"
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

bool fleet_stream_change_stream(char name[FLEET_NAME_BYTES], const char *label, const char *text,
                                size_t length, struct mc_error *err)
{
    if (length < FLEET_NAME_BYTES) {
        memcpy(name, text, length);
        name[length] = '\0';
    }
    return (length < FLEET_NAME_BYTES && protocol_stream_name_valid(name)) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "%s: a stream's name must be 1 to %d of A-Z a-z 0-9 _ . -", label,
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

// Labels and worker that are not given stay: whoever imports a file again does not mean to undo
// what was moved meanwhile.
static void set_placement(json_t *definition, const struct fleet_stream_change *change)
{
    json_t *labels = json_array();
    for (int i = 0; i < change->labels.count; i++) {
        json_array_append_new(labels, json_string(change->labels.items[i]));
    }
    if (json_array_size(labels) > 0) {
        json_object_set(definition, "labels", labels);
    }
    json_decref(labels);
    if (strcmp(change->worker, FLEET_ANY_WORKER) == 0) {
        json_object_del(definition, "worker");
    } else if (change->worker[0] != '\0') {
        json_object_set_new(definition, "worker", json_string(change->worker));
    }
}

bool fleet_stream_change_check(const struct fleet_stream_change *change, struct mc_error *err)
{
    const size_t length = json_dumpb(change->options, NULL, 0, JSON_COMPACT);
    if (json_string_length(json_object_get(change->options, "url")) == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "[stream %s] must have a url",
                            change->stream);
    }
    return length <= FLEET_OPTIONS_BYTES ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "%s: its options must be at most %d bytes, got %zu", change->stream,
                        FLEET_OPTIONS_BYTES, length);
}

bool fleet_stream_change_apply(struct fleet_catalogue *catalogue,
                               const struct fleet_stream_change *change)
{
    const struct fleet_stream *stream = fleet_roster_stream(&catalogue->roster, change->stream);
    const bool was_there = stream != NULL && stream->options != NULL;
    json_t *before = was_there ? fleet_catalogue_definition(stream) : NULL;
    json_t *definition = was_there ? json_copy(before) : json_object();
    json_object_set(definition, "options", change->options);
    set_placement(definition, change);
    const bool is_same = was_there && !stream->is_unreadable && json_equal(before, definition);
    const bool good = is_same || fleet_catalogue_define(catalogue, change->stream, definition);
    if (good) {
        printf("%s %s\n", is_same ? "unchanged" : was_there ? "changed" : "added", change->stream);
    }
    json_decref(before);
    json_decref(definition);
    return good;
}
