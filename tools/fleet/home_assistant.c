#include "tools/fleet/home_assistant.h"

#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "protocol/record.h"
#include "tools/fleet/subjects.h"

enum { STALE_S = 30 }; // without a message, a value is unknown; those of a live stream are repeated

struct entity {
    const char *component; // of Home Assistant
    const char *object, *name;
    const char *last; // of the topic that it reads
    const char *value_template;
    const char *device_class, *unit, *category; // NULL: none
};

static const struct entity entities[FLEET_ENTITY_COUNT] = {
    { "binary_sensor", "presence", "Presence", "presence", "{{ value_json.presence }}", "occupancy",
      NULL, NULL },
    { "sensor", "faces", "Faces", "presence", "{{ value_json.faces }}", NULL, NULL, NULL },
    { "sensor", "yaw", "Head yaw", "presence", "{{ value_json.yaw | default(None) }}", NULL, "°",
      NULL },
    { "sensor", "pitch", "Head pitch", "presence", "{{ value_json.pitch | default(None) }}", NULL,
      "°", NULL },
    { "sensor", "state", "State", "state", "{{ value_json.state }}", NULL, NULL, "diagnostic" },
};

static void set_text(json_t *object, const char *field, const char *text)
{
    if (text != NULL) {
        json_object_set_new(object, field, json_string(text));
    }
}

// Letters, digits and '-' stay; any other byte is _XX. Home Assistant takes no others but '_', and
// two names must not have one id.
static void write_id(char *id, size_t size, const char *site, const char *stream)
{
    const char *const names[] = { site, stream };
    size_t used = (size_t)snprintf(id, size, "mocap");
    for (int i = 0; i < 2; i++) {
        char token[FLEET_TOKEN_BYTES];
        fleet_token_write(token, names[i]);
        used += (size_t)snprintf(id + used, size - used, i == 0 ? "_" : "__"); // in no name
        for (const char *at = token; *at != '\0' && used + 4 < size; at++) {
            used += (size_t)snprintf(id + used, size - used, "%s",
                                     *at == '_'   ? "_5F"
                                     : *at == '=' ? "_"
                                                  : (char[]){ *at, '\0' });
        }
    }
}

size_t fleet_entity_write(char topic[FLEET_ENTITY_TOPIC_BYTES], char text[FLEET_ENTITY_BYTES],
                          int entity, const struct fleet_entity_place *place)
{
    const struct entity *row = &entities[entity];
    char source[FLEET_SUBJECT_BYTES], id[FLEET_SUBJECT_BYTES], unique[FLEET_SUBJECT_BYTES + 16];
    fleet_topic_write(source, place->site, place->stream, row->last);
    write_id(id, sizeof id, place->site, place->stream);
    snprintf(unique, sizeof unique, "%s_%s", id, row->object);
    const int topic_length = snprintf(topic, FLEET_ENTITY_TOPIC_BYTES, "%s/%s/%s/%s/config",
                                      place->prefix, row->component, id, row->object);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:[s], s:s, s:s, s:s}, s:{s:s}}", "name", row->name,
                  "unique_id", unique, "state_topic", source, "value_template", row->value_template,
                  "availability_topic", place->availability, "device", "identifiers", id, "name",
                  place->stream, "manufacturer", "mocapd", "model", "motion capture", "origin",
                  "name", "mocap-fleet");
    set_text(object, "device_class", row->device_class);
    set_text(object, "unit_of_measurement", row->unit);
    set_text(object, "entity_category", row->category);
    if (row->category == NULL) {
        json_object_set_new(object, "expire_after", json_integer(STALE_S));
    }
    const size_t length =
        object != NULL ? json_dumpb(object, text, FLEET_ENTITY_BYTES, JSON_COMPACT) : 0;
    json_decref(object);
    return length <= FLEET_ENTITY_BYTES && topic_length < FLEET_ENTITY_TOPIC_BYTES ? length : 0;
}

void fleet_entity_filter_write(char filter[FLEET_ENTITY_TOPIC_BYTES],
                               const struct fleet_entity_place *place)
{
    char id[FLEET_SUBJECT_BYTES];
    write_id(id, sizeof id, place->site, place->stream);
    const int length =
        snprintf(filter, FLEET_ENTITY_TOPIC_BYTES, "%s/+/%s/+/config", place->prefix, id);
    if (place->prefix[0] == '\0' || length >= FLEET_ENTITY_TOPIC_BYTES) {
        filter[0] = '\0';
    }
}

size_t fleet_presence_write(char text[FLEET_PRESENCE_BYTES], const struct protocol_record *record)
{
    const int faces = record == NULL ? 0 : record->face_count;
    const struct protocol_face *face = faces > 0 ? &record->faces[0] : NULL;
    int length = snprintf(text, FLEET_PRESENCE_BYTES, "{\"presence\":\"%s\",\"faces\":%d",
                          faces > 0 ? "ON" : "OFF", faces);
    if (face != NULL && face->has_pose) {
        length += snprintf(text + length, FLEET_PRESENCE_BYTES - (size_t)length,
                           ",\"yaw\":%ld,\"pitch\":%ld", lroundf(face->pose.euler[1]),
                           lroundf(face->pose.euler[0]));
    }
    length += snprintf(text + length, FLEET_PRESENCE_BYTES - (size_t)length, "}");
    return (size_t)length;
}
