// mocap-fleet publish: sends what the local mocapd publishes to a broker.
#include <string.h>

#include "base/log.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/fleet_options.h"
#include "tools/fleet/machine.h"
#include "tools/fleet/mqtt.h"
#include "tools/fleet/publisher.h"
#include "tools/fleet/subjects.h"

#define DISCOVERY_DEFAULT "homeassistant"

struct publish {
    const char *socket;
    const char *mqtt, *mqtt_login;
    const char *discovery;
    const char *machine;
    bool always;
};

static const struct mc_option publish_table[] = {
    { "mqtt", 0, "URL",
      "publish on this MQTT broker, too, or instead: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; "
      "implies --always",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct publish, mqtt) },
    { "mqtt-login", 0, "FILE", "read USER:PASSWORD for MQTT from this file's first line",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct publish, mqtt_login) },
    { "discovery", 0, "PREFIX",
      "Home Assistant's topic for discovery, or off; default: " DISCOVERY_DEFAULT, MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct publish, discovery) },
    { "always", 0, NULL,
      "publish records whether or not somebody wants them; cameras opened on demand stay open",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct publish, always) },
    { "machine", 0, "NAME", "this machine's name, as publisher in reports; default: its host name",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct publish, machine) },
    { "socket", 0, "PATH", "where mocapd listens", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct publish, socket) },
    { 0 },
};

static const struct publish publish_default = { .discovery = DISCOVERY_DEFAULT };

struct outlets {
    struct fleet_broker *broker;
    struct fleet_mqtt *mqtt;
    struct fleet_publisher *publisher;
};

static bool start_mqtt(struct outlets *outlets, const struct publish *publish,
                       const struct fleet_options *fleet, const char *machine, struct mc_error *err)
{
    const struct fleet_mqtt_options options = {
        .url = publish->mqtt,
        .login = publish->mqtt_login,
        .fleet = fleet,
        .site = fleet_options_site(fleet),
        .machine = machine,
        .discovery = strcmp(publish->discovery, "off") == 0 ? "" : publish->discovery,
    };
    outlets->mqtt = fleet_mqtt_start(&options, err);
    return outlets->mqtt != NULL;
}

static bool start_nats(struct outlets *outlets, const struct fleet_options *fleet,
                       struct mc_error *err)
{
    const struct fleet_broker_options options = { .fleet = fleet, .name = "mocap-fleet publish" };
    outlets->broker = fleet_broker_start(&options, err);
    return outlets->broker != NULL;
}

static bool start(struct outlets *outlets, const struct publish *publish,
                  const struct fleet_options *fleet, const char *machine, struct mc_error *err)
{
    if ((fleet->nats != NULL && !start_nats(outlets, fleet, err)) ||
        (publish->mqtt != NULL && !start_mqtt(outlets, publish, fleet, machine, err))) {
        return false;
    }
    const struct fleet_publisher_options options = {
        .socket = publish->socket,
        .site = fleet_options_site(fleet),
        .machine = machine,
        .always = publish->always || publish->mqtt != NULL,
        .broker = outlets->broker,
        .mqtt = outlets->mqtt,
    };
    outlets->publisher = fleet_publisher_start(&options, err);
    return outlets->publisher != NULL;
}

static int run(const void *chosen, const void *globals)
{
    const struct publish *publish = chosen;
    const struct fleet_options *fleet = globals;
    struct outlets outlets = { 0 };
    char machine[FLEET_PUBLISHER_BYTES];
    struct mc_error err = { 0 };
    fleet_options_set_log(fleet, MC_LOG_INFO);
    if (!fleet_machine_name(machine, publish->machine, &err) ||
        !fleet_options_check(fleet, publish->mqtt, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        return MC_EXIT_USAGE;
    }
    fleet_signals_block();
    const bool is_good = start(&outlets, publish, fleet, machine, &err);
    if (is_good) {
        fleet_signals_wait();
    } else {
        mc_log(MC_LOG_ERROR, "%s", err.message);
    }
    fleet_publisher_stop(outlets.publisher);
    fleet_mqtt_stop(outlets.mqtt);
    fleet_broker_stop(outlets.broker);
    return is_good ? MC_EXIT_OK : fleet_options_exit_status(&err);
}

const struct mc_command fleet_publish_command = {
    .name = "publish",
    .summary = "send what the local mocapd publishes to NATS, to MQTT, or to both",
    .details = "A stream's records go out while somebody in the fleet wants them, so that cameras "
               "opened on demand stay closed otherwise. States and counts always do.",
    .options = publish_table,
    .defaults = &publish_default,
    .options_size = sizeof(struct publish),
    .run = run,
};
