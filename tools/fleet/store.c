#include "tools/fleet/store.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static bool check(natsStatus status, jsErrCode code, const char *what, struct mc_error *err)
{
    if (status == NATS_OK) {
        return true;
    }
    const char *text = nats_GetLastError(NULL);
    return mc_error_set(err, MC_ERROR_SYSTEM, (int)code, "%s: %s", what,
                        text != NULL && text[0] != '\0' ? text : natsStatus_GetText(status));
}

bool fleet_store_name(char name[FLEET_STORE_BYTES], const char *site, struct mc_error *err)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (strspn(site, letters) != strlen(site)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--site must be of letters, digits, _ and - for a fleet's streams, got "
                            "'%s'",
                            site);
    }
    snprintf(name, FLEET_STORE_BYTES, "mocap_%s", site);
    return true;
}

static bool connect_store(struct fleet_store *store, struct fleet_broker *broker,
                          struct mc_error *err)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = FLEET_WRITE_MS;
    natsConnection *connection = fleet_broker_acquire(broker);
    if (connection == NULL) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0,
                            "no connection to the broker at %s: is nats-server running there?",
                            fleet_broker_url(broker));
    }
    const natsStatus status = natsConnection_JetStream(&store->context, connection, &options);
    fleet_broker_release(broker);
    return check(status, 0, "JetStream", err);
}

// With the replicas of a cluster, then, where the broker is alone, with one.
static bool make_bucket(struct fleet_store *store, int replicas, struct mc_error *err)
{
    char stream[FLEET_STORE_BYTES + 3], pattern[FLEET_STORE_BYTES + 8];
    jsStreamConfig config;
    jsErrCode code = 0;
    snprintf(stream, sizeof stream, "KV_%s", store->name);
    snprintf(pattern, sizeof pattern, "$KV.%s.>", store->name);
    const char *subjects[] = { pattern };
    // As kvStore_Create does, but that tells no code.
    jsStreamConfig_Init(&config);
    config.Name = stream;
    config.Description = "mocap-fleet: streams, leases, workers";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.MaxMsgsPerSubject = FLEET_STORE_HISTORY;
    config.MaxMsgSize = FLEET_VALUE_BYTES + 1024;
    config.Discard = js_DiscardNew;
    config.AllowRollup = true;
    config.DenyDelete = true;
    config.Replicas = replicas > 0 ? replicas : FLEET_STORE_REPLICAS;
    natsStatus status = js_AddStream(NULL, store->context, &config, NULL, &code);
    if (status != NATS_OK && code == JSStreamReplicasNotSupportedErr && replicas == 0) {
        config.Replicas = 1;
        status = js_AddStream(NULL, store->context, &config, NULL, &code);
    }
    if (status != NATS_OK && code == JSClusterNoPeersErr) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0,
                            "the bucket %s must have %d servers with JetStream, of which some are "
                            "missing; see --replicas",
                            store->name, (int)config.Replicas);
    }
    return status == NATS_OK || code == JSStreamNameExistErr ||
           check(status, code, "cannot make the bucket", err);
}

static bool find_bucket(struct fleet_store *store, int replicas, struct mc_error *err)
{
    char stream[FLEET_STORE_BYTES + 3];
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    snprintf(stream, sizeof stream, "KV_%s", store->name);
    natsStatus status = js_GetStreamInfo(&info, store->context, stream, NULL, &code);
    if (status == NATS_NOT_FOUND) {
        if (!make_bucket(store, replicas, err)) {
            return false;
        }
        status = js_GetStreamInfo(&info, store->context, stream, NULL, &code);
    }
    if (status == NATS_NO_RESPONDERS) {
        return mc_error_set(
            err, MC_ERROR_SYSTEM, 0,
            "the broker has no JetStream, which mocap-fleet needs for leases; start "
            "it with -js, or wait until its cluster has a leader");
    }
    if (status == NATS_OK && info->Config->MaxMsgsPerSubject >= 0 &&
        info->Config->MaxMsgsPerSubject < FLEET_STORE_HISTORY) {
        info->Config->MaxMsgsPerSubject = FLEET_STORE_HISTORY; // of a bucket that others made
        status = js_UpdateStream(NULL, store->context, info->Config, NULL, &code);
    }
    if (status == NATS_OK) {
        store->created_ns = info->Created;
    }
    jsStreamInfo_Destroy(info);
    return check(status, code, store->name, err);
}

bool fleet_store_open(struct fleet_store *store, struct fleet_broker *broker, const char *name,
                      int replicas, struct mc_error *err)
{
    memset(store, 0, sizeof *store);
    snprintf(store->name, sizeof store->name, "%s", name);
    return connect_store(store, broker, err) && find_bucket(store, replicas, err) &&
           check(js_KeyValue(&store->bucket, store->context, name), 0, name, err);
}

void fleet_store_close(struct fleet_store *store)
{
    kvStore_Destroy(store->bucket);
    jsCtx_Destroy(store->context);
    store->bucket = NULL;
    store->context = NULL;
}

enum fleet_result fleet_store_write(struct fleet_store *store, const char *key, const char *value,
                                    uint64_t expected, uint64_t *revision, struct mc_error *detail)
{
    char subject[FLEET_STORE_BYTES + FLEET_KEY_BYTES + 8];
    jsPubOptions options;
    jsPubAck *answer = NULL;
    jsErrCode code = 0;
    jsPubOptions_Init(&options);
    options.MaxWait = FLEET_WRITE_MS;
    options.ExpectLastSubjectSeq = expected;
    options.ExpectNoMessage = expected == 0;
    snprintf(subject, sizeof subject, "$KV.%s.%s", store->name, key);
    const natsStatus status =
        js_Publish(&answer, store->context, subject, value, (int)strlen(value), &options, &code);
    if (status == NATS_OK) {
        *revision = answer->Sequence;
    } else if (code != JSStreamWrongLastSequenceErr) {
        check(status, code, "cannot write to the bucket", detail);
    }
    jsPubAck_Destroy(answer);
    return status == NATS_OK                      ? FLEET_WRITTEN
           : code == JSStreamWrongLastSequenceErr ? FLEET_CONFLICT
                                                  : FLEET_UNKNOWN;
}

bool fleet_store_read(struct fleet_store *store, struct fleet_roster *roster, struct mc_error *err)
{
    kvWatcher *watcher = NULL;
    kvEntry *entry = NULL;
    const int64_t end_ns = mc_clock_now_ns() + FLEET_STORE_READ_MS * MC_NS_PER_MS;
    natsStatus status = kvStore_WatchAll(&watcher, store->bucket, NULL);
    while (status == NATS_OK) {
        const int64_t left_ms = (end_ns - mc_clock_now_ns()) / MC_NS_PER_MS;
        status = left_ms <= 0 ? NATS_TIMEOUT : kvWatcher_Next(&entry, watcher, left_ms);
        if (status != NATS_OK || entry == NULL) {
            break;
        }
        const bool is_put = kvEntry_Operation(entry) == kvOp_Put;
        const int64_t written_ns = kvEntry_Created(entry);
        fleet_roster_put(roster, kvEntry_Key(entry), kvEntry_Revision(entry),
                         is_put ? kvEntry_Value(entry) : NULL,
                         is_put ? (size_t)kvEntry_ValueLen(entry) : 0, written_ns);
        store->newest_ns = written_ns > store->newest_ns ? written_ns : store->newest_ns;
        kvEntry_Destroy(entry);
        entry = NULL;
    }
    kvWatcher_Destroy(watcher);
    fleet_roster_count(roster, store->newest_ns);
    return check(status, 0, "cannot read the bucket", err);
}

// JetStream of nats-server 2.9 states its time only as that of a new consumer.
bool fleet_store_ask_time(struct fleet_store *store, int64_t *now_ns, struct mc_error *err)
{
    char stream[FLEET_STORE_BYTES + 3];
    jsConsumerConfig config;
    jsConsumerInfo *made = NULL;
    jsErrCode code = 0;
    snprintf(stream, sizeof stream, "KV_%s", store->name);
    jsConsumerConfig_Init(&config);
    config.AckPolicy = js_AckExplicit;
    config.InactiveThreshold = MC_NS_PER_SECOND; // if it can't be deleted
    config.MemoryStorage = true;
    config.Replicas = 1;
    const natsStatus status = js_AddConsumer(&made, store->context, stream, &config, NULL, &code);
    if (status == NATS_OK) {
        *now_ns = made->Created;
        js_DeleteConsumer(store->context, stream, made->Name, NULL, NULL);
    }
    jsConsumerInfo_Destroy(made);
    return check(status, code, "cannot ask the broker for the time", err);
}
