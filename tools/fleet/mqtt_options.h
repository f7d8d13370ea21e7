// What --mqtt, --mqtt-login and the certificates say, for the library of MQTT.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct fleet_mqtt_options;
struct mosquitto;

enum { FLEET_MQTT_HOST_BYTES = 256 };

struct fleet_mqtt_address {
    char host[FLEET_MQTT_HOST_BYTES];
    char url[FLEET_MQTT_HOST_BYTES]; // for the log, without secrets
    int port;
    bool is_tls;
};

// Sets login and TLS, and the address, to which nothing connects yet. Returns false and sets err
// when an option is wrong or a file cannot be read.
bool fleet_mqtt_options_set(struct mosquitto *mosquitto, const struct fleet_mqtt_options *options,
                            struct fleet_mqtt_address *address, struct mc_error *err) MC_MUST_USE;
