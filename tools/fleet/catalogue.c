#include "tools/fleet/catalogue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/json_text.h"
#include "tools/terminal.h"

enum { LOOK_MS = 50 };

static void wait_a_moment(void)
{
    const struct timespec moment = { .tv_nsec = LOOK_MS * MC_NS_PER_MS };
    nanosleep(&moment, NULL);
}

bool fleet_catalogue_open(struct fleet_catalogue *catalogue, const struct fleet_options *options,
                          int replicas)
{
    char name[FLEET_STORE_BYTES];
    struct mc_error err = { 0 };
    const struct fleet_broker_options broker = { .fleet = options, .name = "mocap-fleet" };
    const int64_t end_ns = mc_clock_now_ns() + FLEET_CATALOGUE_MS * MC_NS_PER_MS;
    memset(catalogue, 0, sizeof *catalogue);
    fleet_options_set_log(options, MC_LOG_ERROR); // what the command complains of says more
    bool is_open = false;
    if (fleet_options_check(options, NULL, &err) &&
        fleet_store_name(name, fleet_options_site(options), &err) &&
        (catalogue->broker = fleet_broker_start(&broker, &err)) != NULL) {
        while (!(is_open = fleet_store_open(&catalogue->store, catalogue->broker, name, replicas,
                                            &err)) &&
               mc_clock_now_ns() < end_ns) {
            fleet_store_close(&catalogue->store);
            wait_a_moment();
        }
    }
    if (!is_open || !fleet_store_read(&catalogue->store, &catalogue->roster, &err)) {
        tools_complain("%s", err.message);
        fleet_catalogue_close(catalogue);
        return false;
    }
    return true;
}

void fleet_catalogue_close(struct fleet_catalogue *catalogue)
{
    fleet_store_close(&catalogue->store);
    fleet_broker_stop(catalogue->broker);
    fleet_roster_finish(&catalogue->roster);
}

static bool remove_definition(struct fleet_catalogue *catalogue, const char *name, const char *key)
{
    // With its earlier values, which may have passwords.
    const natsStatus status = kvStore_Purge(catalogue->store.bucket, key, NULL);
    if (status != NATS_OK) {
        tools_complain("cannot remove %s: %s", name, natsStatus_GetText(status));
    }
    return status == NATS_OK;
}

// What one reader cannot read, none can.
static bool is_readable(const char *key, const char *text, size_t length)
{
    struct fleet_roster trial = { 0 };
    const bool good = fleet_roster_put(&trial, key, 1, text, length, 0);
    fleet_roster_finish(&trial);
    return good;
}

bool fleet_catalogue_define(struct fleet_catalogue *catalogue, const char *name,
                            const json_t *definition)
{
    char key[FLEET_KEY_BYTES];
    struct mc_error err = { 0 };
    uint64_t revision = 0;
    const struct fleet_stream *stream = fleet_roster_stream(&catalogue->roster, name);
    fleet_key_write(key, FLEET_KEY_STREAM, name);
    if (definition == NULL) {
        return remove_definition(catalogue, name, key);
    }
    char *text = tools_json_text(definition, JSON_COMPACT);
    const size_t length = text == NULL ? 0 : strlen(text);
    if (text == NULL || length > FLEET_VALUE_BYTES) {
        tools_complain("%s: the definition must be at most %d bytes, got %zu", name,
                       FLEET_VALUE_BYTES, length);
        free(text);
        return false;
    }
    if (!is_readable(key, text, length)) {
        tools_complain("%s: no machine could read this definition: its name, options, labels or "
                       "worker are not as they must be",
                       name);
        free(text);
        return false;
    }
    const enum fleet_result result = fleet_store_write(
        &catalogue->store, key, text, stream == NULL ? 0 : stream->definition, &revision, &err);
    if (result == FLEET_WRITTEN) {
        fleet_roster_put(&catalogue->roster, key, revision, text, length, 0);
    } else {
        tools_complain("%s: %s", name,
                       result == FLEET_CONFLICT ? "somebody else has just changed it; look again"
                                                : err.message);
    }
    free(text);
    return result == FLEET_WRITTEN;
}

json_t *fleet_catalogue_definition(const struct fleet_stream *stream)
{
    json_t *definition = json_object(), *labels = json_array();
    for (int i = 0; i < stream->labels.count; i++) {
        json_array_append_new(labels, json_string(stream->labels.items[i]));
    }
    json_object_set_new(definition, "options", json_loads(stream->options, 0, NULL));
    if (json_array_size(labels) > 0) {
        json_object_set(definition, "labels", labels);
    }
    json_decref(labels);
    if (stream->wanted[0] != '\0') {
        json_object_set_new(definition, "worker", json_string(stream->wanted));
    }
    return definition;
}
