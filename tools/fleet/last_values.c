#include "tools/fleet/last_values.h"

#include <nats/nats.h>

#include "base/log.h"
#include "tools/fleet/broker.h"

enum { WAIT_MS = 1000, AGE_HOURS = 24 };

void fleet_last_values_keep(struct fleet_broker *broker)
{
    natsConnection *connection = fleet_broker_acquire(broker);
    jsCtx *jetstream = NULL;
    jsOptions options;
    jsStreamConfig config;
    const char *subjects[] = { "mocap.v1.*.*.state" };
    jsErrCode code = 0;
    if (connection == NULL) {
        return;
    }
    jsOptions_Init(&options);
    options.Wait = WAIT_MS;
    jsStreamConfig_Init(&config);
    config.Name = FLEET_LAST_VALUES;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.MaxMsgsPerSubject = 1;
    config.Storage = js_MemoryStorage;
    config.MaxAge = AGE_HOURS * INT64_C(3600000000000);
    config.AllowDirect = true;
    natsStatus status = natsConnection_JetStream(&jetstream, connection, &options);
    if (status == NATS_OK) {
        status = js_AddStream(NULL, jetstream, &config, &options, &code);
    }
    // A stream of that name with other settings is somebody's choice.
    mc_log(MC_LOG_DEBUG, "last states in JetStream: %s (%d)", natsStatus_GetText(status),
           (int)code);
    jsCtx_Destroy(jetstream);
    fleet_broker_release(broker);
}
