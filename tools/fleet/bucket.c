#include "tools/fleet/bucket.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/condition.h"
#include "base/log.h"
#include "tools/fleet/store.h"

enum {
    NEXT_MS = 200,  // that the reader waits for an entry before it looks around
    RETRY_MS = 250, // before the bucket is opened again
    LOG_MS = 10000,
    FAILURES_MAX = 4, // writes that fail, before the bucket is looked for anew
};

enum kind { RESTART, ENTRY, COMPLETE, ANSWER };

struct event {
    enum kind kind;
    uint64_t revision;
    int64_t created_ns; // of RESTART
    char key[FLEET_KEY_BYTES];
    char *value; // owned; NULL: deleted
    size_t length;
    struct fleet_write *write; // owned; of ANSWER
    enum fleet_result result;
    struct event *next;
};

struct write {
    struct fleet_write write;
    struct write *next;
};

struct fleet_bucket {
    struct fleet_bucket_options options;
    pthread_t writer, reader;
    bool has_writer, has_reader;
    pthread_mutex_t lock; // guards all below
    pthread_cond_t changed;
    bool is_stopping;
    struct write *urgent, **urgent_end; // renewals
    struct write *writes, **writes_end;
    int write_count;
    struct event *events, **events_end;
    int event_count;
    uint64_t written, read; // the newest revision
    int64_t written_ns;     // when it was
    int failures; // writes in a row that had no answer, or that found a worker's key changed
    struct mc_log_limit writer_limit, reader_limit;
};

// ---- events

static void free_event(struct event *event)
{
    free(event->value);
    free(event->write);
    free(event);
}

// Takes the event. Entries wait for room, answers do not: writes are few.
static void add_event(struct fleet_bucket *bucket, struct event *event)
{
    pthread_mutex_lock(&bucket->lock);
    while (event->kind == ENTRY && bucket->event_count >= FLEET_BUCKET_EVENTS &&
           !bucket->is_stopping) {
        pthread_cond_wait(&bucket->changed, &bucket->lock);
    }
    if (event->kind == ENTRY && event->revision > bucket->read) {
        bucket->read = event->revision;
    }
    *bucket->events_end = event;
    bucket->events_end = &event->next;
    bucket->event_count++;
    pthread_mutex_unlock(&bucket->lock);
    bucket->options.notify(bucket->options.user);
}

static bool add_simple(struct fleet_bucket *bucket, enum kind kind, int64_t created_ns)
{
    struct event *event = calloc(1, sizeof *event);
    if (event == NULL) {
        return false;
    }
    event->kind = kind;
    event->created_ns = created_ns;
    add_event(bucket, event);
    return true;
}

static bool add_entry(struct fleet_bucket *bucket, kvEntry *entry)
{
    const bool is_put = kvEntry_Operation(entry) == kvOp_Put;
    const int length = is_put ? kvEntry_ValueLen(entry) : 0;
    const char *key = kvEntry_Key(entry);
    if (strlen(key) >= FLEET_KEY_BYTES || length < 0 || length > FLEET_VALUE_BYTES) {
        return true; // not ours
    }
    struct event *event = calloc(1, sizeof *event);
    char *value = is_put ? malloc((size_t)length + 1) : NULL;
    if (event == NULL || (is_put && value == NULL)) {
        free(event);
        free(value);
        return false;
    }
    if (is_put) {
        memcpy(value, kvEntry_Value(entry), (size_t)length);
    }
    event->kind = ENTRY;
    event->revision = kvEntry_Revision(entry);
    memcpy(event->key, key, strlen(key) + 1);
    event->value = value;
    event->length = (size_t)length;
    add_event(bucket, event);
    return true;
}

static void free_writes(struct write *write)
{
    while (write != NULL) {
        struct write *next = write->next;
        free(write);
        write = next;
    }
}

// What they expect is of a bucket that is gone, and may be true of this one by chance. The member
// that queued them has forgotten them.
static void drop_writes(struct fleet_bucket *bucket)
{
    pthread_mutex_lock(&bucket->lock);
    free_writes(bucket->urgent);
    free_writes(bucket->writes);
    bucket->urgent = NULL;
    bucket->urgent_end = &bucket->urgent;
    bucket->writes = NULL;
    bucket->writes_end = &bucket->writes;
    bucket->write_count = 0;
    pthread_mutex_unlock(&bucket->lock);
}

void fleet_bucket_take(struct fleet_bucket *bucket, struct fleet_member *member, int64_t now_ns)
{
    pthread_mutex_lock(&bucket->lock);
    struct event *event = bucket->events;
    bucket->events = NULL;
    bucket->events_end = &bucket->events;
    bucket->event_count = 0;
    pthread_cond_broadcast(&bucket->changed);
    pthread_mutex_unlock(&bucket->lock);
    while (event != NULL) {
        struct event *next = event->next;
        switch (event->kind) {
        case RESTART:
            if (fleet_member_restart(member, event->created_ns)) {
                drop_writes(bucket);
            }
            break;
        case ENTRY:
            fleet_member_see(member, event->key, event->revision, event->value, event->length,
                             now_ns);
            break;
        case COMPLETE:
            fleet_member_complete(member, now_ns);
            break;
        case ANSWER:
            fleet_member_answer(member, event->write, event->result, event->revision, now_ns);
            break;
        }
        free_event(event);
        event = next;
    }
}

// ---- the threads

static bool is_stopping(struct fleet_bucket *bucket)
{
    pthread_mutex_lock(&bucket->lock);
    const bool stopping = bucket->is_stopping;
    pthread_mutex_unlock(&bucket->lock);
    return stopping;
}

// Returns false when the bucket stops.
static bool wait_a_while(struct fleet_bucket *bucket, int ms)
{
    const struct timespec until = mc_condition_deadline(ms);
    pthread_mutex_lock(&bucket->lock);
    int result = 0;
    while (!bucket->is_stopping && result == 0) {
        result = pthread_cond_timedwait(&bucket->changed, &bucket->lock, &until);
    }
    const bool goes_on = !bucket->is_stopping;
    pthread_mutex_unlock(&bucket->lock);
    return goes_on;
}

static void tell(struct mc_log_limit *limit, const struct mc_error *err)
{
    unsigned skipped;
    if (mc_log_limit_pass(limit, LOG_MS * MC_NS_PER_MS, &skipped)) {
        mc_log(MC_LOG_WARNING, "leases: %s", err->message);
    }
}

static struct write *next_write(struct fleet_bucket *bucket)
{
    pthread_mutex_lock(&bucket->lock);
    while (!bucket->is_stopping && bucket->urgent == NULL && bucket->writes == NULL) {
        pthread_cond_wait(&bucket->changed, &bucket->lock);
    }
    struct write *write = bucket->urgent != NULL ? bucket->urgent : bucket->writes;
    if (bucket->is_stopping) {
        write = NULL;
    } else if (write == bucket->urgent) {
        bucket->urgent = write->next;
        bucket->urgent_end = write->next == NULL ? &bucket->urgent : bucket->urgent_end;
    } else {
        bucket->writes = write->next;
        bucket->writes_end = write->next == NULL ? &bucket->writes : bucket->writes_end;
    }
    bucket->write_count -= write != NULL;
    pthread_mutex_unlock(&bucket->lock);
    return write;
}

// Of a worker's own session, not the end of another one's.
static bool is_renewal(const struct fleet_write *write)
{
    return strncmp(write->key, "worker.", 7) == 0 && strstr(write->value, "\"ended\":true") == NULL;
}

static void answer(struct fleet_bucket *bucket, struct write *write, enum fleet_result result,
                   uint64_t revision)
{
    struct event *event = calloc(1, sizeof *event);
    struct fleet_write *copy = malloc(sizeof *copy);
    if (event == NULL || copy == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory for leases");
        abort(); // a write without its answer would stop the lease silently
    }
    *copy = write->write;
    event->kind = ANSWER;
    event->write = copy;
    event->result = result;
    event->revision = revision;
    pthread_mutex_lock(&bucket->lock);
    // A worker's key is its own: when its renewals conflict, the bucket may be another one by now.
    if (result == FLEET_WRITTEN) {
        bucket->failures = 0;
    } else if (result == FLEET_UNKNOWN || is_renewal(&write->write)) {
        bucket->failures++;
    }
    if (result == FLEET_WRITTEN && revision > bucket->written) {
        bucket->written = revision;
        bucket->written_ns = mc_clock_now_ns();
    }
    pthread_mutex_unlock(&bucket->lock);
    add_event(bucket, event);
}

static void *run_writer(void *user)
{
    struct fleet_bucket *bucket = user;
    struct fleet_store store = { 0 };
    struct write *write;
    while ((write = next_write(bucket)) != NULL) {
        struct mc_error err = { 0 };
        uint64_t revision = 0;
        enum fleet_result result = FLEET_UNKNOWN;
        if (store.context != NULL ||
            fleet_store_open(&store, bucket->options.broker, bucket->options.name,
                             bucket->options.replicas, &err)) {
            result = fleet_store_write(&store, write->write.key, write->write.value,
                                       write->write.expected, &revision, &err);
        }
        if (result == FLEET_UNKNOWN) {
            tell(&bucket->writer_limit, &err);
            fleet_store_close(&store); // the connection may be another by now
        }
        answer(bucket, write, result, revision);
        free(write);
    }
    fleet_store_close(&store);
    return NULL;
}

// Whether the reader does not bring what we wrote, or writes fail.
static bool is_stale(struct fleet_bucket *bucket)
{
    pthread_mutex_lock(&bucket->lock);
    const bool lags = bucket->written > bucket->read &&
                      mc_clock_now_ns() - bucket->written_ns > FLEET_BUCKET_STALE_MS * MC_NS_PER_MS;
    const bool fails = bucket->failures >= FAILURES_MAX;
    if (lags || fails) {
        bucket->failures = 0;
        bucket->written = 0; // and perhaps of a bucket that is gone
        bucket->read = 0;
    }
    pthread_mutex_unlock(&bucket->lock);
    return lags || fails;
}

// Reads until the bucket stops or must be opened anew.
static natsStatus read_entries(struct fleet_bucket *bucket, kvWatcher *watcher)
{
    natsStatus status = NATS_OK;
    bool is_complete = false, is_good = true;
    while ((status == NATS_OK || status == NATS_TIMEOUT) && is_good && !is_stopping(bucket)) {
        kvEntry *entry = NULL;
        if (is_complete && is_stale(bucket)) {
            return NATS_TIMEOUT;
        }
        status = kvWatcher_Next(&entry, watcher, is_complete ? NEXT_MS : FLEET_STORE_READ_MS);
        if (status == NATS_OK && entry == NULL) {
            is_complete = true;
            is_good = add_simple(bucket, COMPLETE, 0);
        } else if (status == NATS_OK) {
            is_good = add_entry(bucket, entry);
            kvEntry_Destroy(entry);
        } else if (!is_complete) {
            return status;
        }
    }
    return is_good ? status : NATS_NO_MEMORY;
}

static void *run_reader(void *user)
{
    struct fleet_bucket *bucket = user;
    do {
        struct fleet_store store;
        struct mc_error err = { 0 };
        kvWatcher *watcher = NULL;
        if (!fleet_store_open(&store, bucket->options.broker, bucket->options.name,
                              bucket->options.replicas, &err)) {
            tell(&bucket->reader_limit, &err);
        } else if (kvStore_WatchAll(&watcher, store.bucket, NULL) == NATS_OK &&
                   add_simple(bucket, RESTART, store.created_ns)) {
            const natsStatus status = read_entries(bucket, watcher);
            mc_log(MC_LOG_DEBUG, "leases: reading the bucket anew: %s", natsStatus_GetText(status));
        }
        kvWatcher_Destroy(watcher);
        fleet_store_close(&store);
    } while (wait_a_while(bucket, RETRY_MS));
    return NULL;
}

// ---- the bucket

bool fleet_bucket_write(struct fleet_bucket *bucket, const struct fleet_write *write)
{
    // Many workers may have to be ended at once: our own session must not wait for that.
    const bool is_urgent = is_renewal(write);
    struct write *queued = malloc(sizeof *queued);
    if (queued == NULL) {
        return false;
    }
    queued->write = *write;
    queued->next = NULL;
    pthread_mutex_lock(&bucket->lock);
    const bool has_room = is_urgent || bucket->write_count < FLEET_BUCKET_WRITES;
    if (has_room) {
        struct write ***end = is_urgent ? &bucket->urgent_end : &bucket->writes_end;
        **end = queued;
        *end = &queued->next;
        bucket->write_count++;
        pthread_cond_broadcast(&bucket->changed);
    }
    pthread_mutex_unlock(&bucket->lock);
    if (!has_room) {
        free(queued);
    }
    return has_room;
}

static bool init_lock(struct fleet_bucket *bucket)
{
    return pthread_mutex_init(&bucket->lock, NULL) == 0 && mc_condition_init(&bucket->changed);
}

struct fleet_bucket *fleet_bucket_start(const struct fleet_bucket_options *options,
                                        struct mc_error *err)
{
    struct fleet_bucket *bucket = calloc(1, sizeof *bucket);
    if (bucket == NULL || !init_lock(bucket)) {
        free(bucket);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for leases");
        return NULL;
    }
    bucket->options = *options;
    bucket->urgent_end = &bucket->urgent;
    bucket->writes_end = &bucket->writes;
    bucket->events_end = &bucket->events;
    bucket->has_writer = pthread_create(&bucket->writer, NULL, run_writer, bucket) == 0;
    bucket->has_reader = pthread_create(&bucket->reader, NULL, run_reader, bucket) == 0;
    if (!bucket->has_writer || !bucket->has_reader) {
        mc_error_set(err, MC_ERROR_SYSTEM, 0, "no threads for leases");
        fleet_bucket_stop(bucket);
        return NULL;
    }
    return bucket;
}

void fleet_bucket_stop(struct fleet_bucket *bucket)
{
    if (bucket == NULL) {
        return;
    }
    pthread_mutex_lock(&bucket->lock);
    bucket->is_stopping = true;
    pthread_cond_broadcast(&bucket->changed);
    pthread_mutex_unlock(&bucket->lock);
    if (bucket->has_writer) {
        pthread_join(bucket->writer, NULL);
    }
    if (bucket->has_reader) {
        pthread_join(bucket->reader, NULL);
    }
    free_writes(bucket->urgent);
    free_writes(bucket->writes);
    for (struct event *event = bucket->events; event != NULL;) {
        struct event *next = event->next;
        free_event(event);
        event = next;
    }
    pthread_cond_destroy(&bucket->changed);
    pthread_mutex_destroy(&bucket->lock);
    free(bucket);
}
