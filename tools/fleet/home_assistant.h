// What Home Assistant is told of a stream, so that it shows it as a device without configuration:
// MQTT discovery, https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery.
#pragma once

#include <stddef.h>

struct protocol_record;

enum {
    FLEET_ENTITY_COUNT = 5, // presence, faces, yaw, pitch, state
    FLEET_ENTITY_TOPIC_BYTES = 512,
    FLEET_ENTITY_BYTES = 2048,
    FLEET_PRESENCE_BYTES = 256,
};

struct fleet_entity_place {
    const char *prefix; // "homeassistant"
    const char *site, *stream;
    const char *availability; // topic of the publisher's last will
};

// Writes topic and retained message that announce an entity, 0 to FLEET_ENTITY_COUNT - 1. Returns
// the message's length; 0 when it does not fit.
size_t fleet_entity_write(char topic[FLEET_ENTITY_TOPIC_BYTES], char text[FLEET_ENTITY_BYTES],
                          int entity, const struct fleet_entity_place *place);

// Writes the filter that matches the topics of all entities of the place, and no other's; ""
// without a prefix, or when it does not fit.
void fleet_entity_filter_write(char filter[FLEET_ENTITY_TOPIC_BYTES],
                               const struct fleet_entity_place *place);

// Writes what the entities read: {"presence":"ON","faces":1,"yaw":-12,"pitch":3}. Angles are whole
// degrees of the first face; absent without one. record NULL: nobody looks, so nobody is seen.
size_t fleet_presence_write(char text[FLEET_PRESENCE_BYTES], const struct protocol_record *record);
