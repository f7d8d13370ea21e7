#include "tools/fleet/upstream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/condition.h"
#include "base/log.h"
#include "protocol/decode.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/publisher.h"
#include "tools/fleet/report.h"
#include "tools/fleet/subjects.h"

enum {
    QUEUE = 16,     // records of one stream that wait for the loop
    REPORTS = 1024, // states that wait for it
    PENDING = 256,  // messages of one subscription in the library
    REPORTS_PENDING = 16384,
    COMPLAINTS_S = 10, // between two lines about what is refused
};

struct queued_record {
    char *bytes; // owned; grows to the longest
    size_t length, capacity;
};

struct slot {
    // Guarded by lock.
    bool is_open, is_wanted;
    char name[PROTOCOL_NAME_BYTES];
    unsigned generation; // changes when the number stands for another stream
    struct queued_record queue[QUEUE];
    int first, count;

    // The loop's.
    uint64_t fence; // the highest seen

    // The subscriber thread's.
    struct fleet_upstream *upstream;
    struct fleet_broker_subscription *subscription;
    unsigned subscribed_generation;
    int64_t asked_ns; // when the publisher was last told that it is wanted
};

struct fleet_upstream {
    struct fleet_upstream_options options;
    uv_async_t arrived;
    struct slot slots[PROTOCOL_STREAMS_MAX];
    struct protocol_message *message;
    struct queued_record taken; // by the loop; its memory goes round
    struct fleet_upstream_counts counts;
    struct fleet_broker_subscription *states;

    pthread_mutex_t lock; // guards what the slots say, and the rest
    pthread_cond_t changed;
    struct fleet_state_report *reports; // a ring
    int report_first, report_count;
    uint64_t missed, refused; // by the broker's thread
    bool is_stopping, is_news;
    pthread_t thread;
    bool has_thread;
};

static void complain(const char *subject, const char *why)
{
    static struct mc_log_limit limit; // under lock
    unsigned skipped;
    if (mc_log_limit_pass(&limit, COMPLAINTS_S * MC_NS_PER_SECOND, &skipped)) {
        mc_log(MC_LOG_WARNING, "refused from the broker: %s: %s (%u more before)", subject, why,
               skipped);
    }
}

// ---- from the broker's thread

static bool copy_record(struct queued_record *record, const char *data, size_t length)
{
    if (record->capacity < length) {
        char *grown = realloc(record->bytes, length);
        if (grown == NULL) {
            return false;
        }
        record->bytes = grown;
        record->capacity = length;
    }
    memcpy(record->bytes, data, length);
    record->length = length;
    return true;
}

// The oldest makes room.
static void push_record(struct fleet_upstream *upstream, struct slot *slot, const char *data,
                        size_t length)
{
    if (slot->count == QUEUE) {
        slot->first = (slot->first + 1) % QUEUE;
        slot->count--;
        upstream->missed++;
    }
    if (copy_record(&slot->queue[(slot->first + slot->count) % QUEUE], data, length)) {
        slot->count++;
    } else {
        upstream->missed++;
    }
}

static void on_record(void *user, const char *subject, const char *reply, const char *data,
                      size_t length)
{
    struct slot *slot = user;
    struct fleet_upstream *upstream = slot->upstream;
    (void)reply;
    pthread_mutex_lock(&upstream->lock);
    const bool is_ours = slot->is_open && slot->generation == slot->subscribed_generation;
    if (is_ours && length > 0 && length <= PROTOCOL_MESSAGE_BYTES) {
        push_record(upstream, slot, data, length);
    } else if (is_ours) {
        upstream->refused++;
        complain(subject, "not the length of a record");
    }
    pthread_mutex_unlock(&upstream->lock);
    uv_async_send(&upstream->arrived);
}

static void on_report(void *user, const char *subject, const char *reply, const char *data,
                      size_t length)
{
    struct fleet_upstream *upstream = user;
    struct fleet_state_report report;
    struct fleet_subject read;
    struct mc_error err = { 0 };
    (void)reply;
    bool is_good = fleet_subject_read(&read, subject, &err) &&
                   fleet_state_report_read(&report, data, length, &err) &&
                   (strcmp(report.stream, read.stream) == 0 ||
                    mc_error_set(&err, MC_ERROR_FORMAT, 0, "stream: must be that of the subject"));
    pthread_mutex_lock(&upstream->lock);
    if (!is_good) {
        upstream->refused++;
        complain(subject, err.message);
    } else if (upstream->report_count < REPORTS) { // others come again
        upstream->reports[(upstream->report_first + upstream->report_count++) % REPORTS] = report;
    }
    pthread_mutex_unlock(&upstream->lock);
    uv_async_send(&upstream->arrived);
}

// ---- on the loop

static bool pop_report(struct fleet_upstream *upstream, struct fleet_state_report *report)
{
    pthread_mutex_lock(&upstream->lock);
    const bool is_any = upstream->report_count > 0;
    if (is_any) {
        *report = upstream->reports[upstream->report_first];
        upstream->report_first = (upstream->report_first + 1) % REPORTS;
        upstream->report_count--;
    }
    pthread_mutex_unlock(&upstream->lock);
    return is_any;
}

// Takes the oldest record out, in exchange for taken's memory. Returns false when there is
// none.
static bool pop_record(struct fleet_upstream *upstream, struct slot *slot,
                       struct queued_record *taken)
{
    pthread_mutex_lock(&upstream->lock);
    const bool is_any = slot->count > 0;
    if (is_any) {
        const struct queued_record empty = *taken;
        *taken = slot->queue[slot->first];
        slot->queue[slot->first] = empty;
        slot->first = (slot->first + 1) % QUEUE;
        slot->count--;
    }
    pthread_mutex_unlock(&upstream->lock);
    return is_any;
}

bool fleet_upstream_accepts(struct fleet_upstream *upstream, int stream, uint64_t fence)
{
    struct slot *slot = &upstream->slots[stream];
    if (fence < slot->fence) {
        upstream->counts.stale++;
        return false;
    }
    slot->fence = fence;
    return true;
}

static void take_record(struct fleet_upstream *upstream, int stream,
                        const struct queued_record *record)
{
    struct slot *slot = &upstream->slots[stream];
    struct protocol_message *message = upstream->message;
    struct mc_error err = { 0 };
    bool is_good =
        protocol_decode_message(PROTOCOL_CBOR, record->bytes, record->length, message, &err) &&
        ((message->type == PROTOCOL_MESSAGE_MOTION &&
          strcmp(message->record.stream, slot->name) == 0) ||
         mc_error_set(&err, MC_ERROR_FORMAT, 0, "must be a record of this stream"));
    if (!is_good) {
        upstream->counts.refused++;
        pthread_mutex_lock(&upstream->lock);
        complain(slot->name, err.message);
        pthread_mutex_unlock(&upstream->lock);
    } else if (fleet_upstream_accepts(upstream, stream, message->record.fence)) {
        upstream->counts.records++;
        upstream->options.on_record(upstream->options.user, stream, &message->record);
    }
}

static void on_arrived(uv_async_t *async)
{
    struct fleet_upstream *upstream = async->data;
    struct fleet_state_report report;
    for (int i = 0; i < REPORTS && pop_report(upstream, &report); i++) {
        upstream->options.on_state(upstream->options.user, &report);
    }
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        for (int n = 0; n < QUEUE && pop_record(upstream, &upstream->slots[i], &upstream->taken);
             n++) {
            take_record(upstream, i, &upstream->taken);
        }
    }
}

// ---- the thread that subscribes

// With lock held.
static void say_changed(struct fleet_upstream *upstream)
{
    upstream->is_news = true;
    pthread_cond_signal(&upstream->changed);
}

static void ask(struct fleet_upstream *upstream, const char *name)
{
    char subject[FLEET_SUBJECT_BYTES];
    fleet_subject_write(subject, upstream->options.site, name, FLEET_WANT);
    fleet_broker_publish(upstream->options.broker, subject, "cbor", 4);
}

static void unsubscribe(struct fleet_upstream *upstream, struct slot *slot)
{
    fleet_broker_unsubscribe(upstream->options.broker, slot->subscription);
    slot->subscription = NULL;
}

static void subscribe(struct fleet_upstream *upstream, struct slot *slot, const char *name,
                      unsigned generation)
{
    char subject[FLEET_SUBJECT_BYTES];
    struct mc_error err = { 0 };
    fleet_subject_write(subject, upstream->options.site, name, FLEET_RECORD);
    pthread_mutex_lock(&upstream->lock);
    slot->subscribed_generation = generation;
    pthread_mutex_unlock(&upstream->lock);
    slot->subscription =
        fleet_broker_subscribe(upstream->options.broker, subject, PENDING, on_record, slot, &err);
    if (slot->subscription == NULL) {
        mc_log(MC_LOG_ERROR, "%s: %s", name, err.message);
    }
    slot->asked_ns = 0;
}

static void follow_slot(struct fleet_upstream *upstream, struct slot *slot, bool is_new_broker)
{
    char name[PROTOCOL_NAME_BYTES];
    pthread_mutex_lock(&upstream->lock);
    const bool is_wanted = slot->is_open && slot->is_wanted && !upstream->is_stopping;
    const unsigned generation = slot->generation;
    memcpy(name, slot->name, sizeof name);
    pthread_mutex_unlock(&upstream->lock);
    if (slot->subscription != NULL && (!is_wanted || slot->subscribed_generation != generation)) {
        unsubscribe(upstream, slot);
    }
    if (!is_wanted) {
        return;
    }
    if (slot->subscription == NULL) {
        subscribe(upstream, slot, name, generation);
    }
    const int64_t now_ns = mc_clock_now_ns();
    if (is_new_broker || now_ns - slot->asked_ns >= FLEET_WANT_REPEAT_MS * MC_NS_PER_MS) {
        slot->asked_ns = now_ns;
        ask(upstream, name);
    }
}

static void *follow_wants(void *user)
{
    enum { LOOK_MS = 500 };
    struct fleet_upstream *upstream = user;
    bool was_connected = false, is_last = false;
    while (!is_last) {
        const bool is_connected = fleet_broker_is_connected(upstream->options.broker);
        for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
            follow_slot(upstream, &upstream->slots[i], is_connected && !was_connected);
        }
        was_connected = is_connected;
        const struct timespec until = mc_condition_deadline(LOOK_MS);
        pthread_mutex_lock(&upstream->lock);
        while (!upstream->is_news && !upstream->is_stopping &&
               pthread_cond_timedwait(&upstream->changed, &upstream->lock, &until) == 0) {
        }
        upstream->is_news = false;
        is_last = upstream->is_stopping;
        pthread_mutex_unlock(&upstream->lock);
    }
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        unsubscribe(upstream, &upstream->slots[i]);
    }
    return NULL;
}

// ---- streams

void fleet_upstream_open(struct fleet_upstream *upstream, int stream, const char *name)
{
    struct slot *slot = &upstream->slots[stream];
    pthread_mutex_lock(&upstream->lock);
    slot->is_open = true;
    slot->is_wanted = false;
    slot->generation++;
    slot->count = 0;
    slot->fence = 0;
    snprintf(slot->name, sizeof slot->name, "%s", name);
    pthread_mutex_unlock(&upstream->lock);
}

void fleet_upstream_close(struct fleet_upstream *upstream, int stream)
{
    struct slot *slot = &upstream->slots[stream];
    pthread_mutex_lock(&upstream->lock);
    slot->is_open = false;
    slot->count = 0;
    say_changed(upstream);
    pthread_mutex_unlock(&upstream->lock);
}

void fleet_upstream_want(struct fleet_upstream *upstream, int stream, bool is_wanted)
{
    struct slot *slot = &upstream->slots[stream];
    pthread_mutex_lock(&upstream->lock);
    if (slot->is_wanted != is_wanted) {
        slot->is_wanted = is_wanted;
        say_changed(upstream);
    }
    pthread_mutex_unlock(&upstream->lock);
}

void fleet_upstream_counts(const struct fleet_upstream *upstream,
                           struct fleet_upstream_counts *counts)
{
    struct fleet_upstream *guarded = (struct fleet_upstream *)upstream;
    *counts = upstream->counts;
    pthread_mutex_lock(&guarded->lock);
    counts->missed += upstream->missed;
    counts->refused += upstream->refused;
    pthread_mutex_unlock(&guarded->lock);
}

// ---- begin and end

static bool init(struct fleet_upstream *upstream)
{
    upstream->message = malloc(sizeof *upstream->message);
    upstream->reports = calloc(REPORTS, sizeof *upstream->reports);
    const bool is_good = upstream->message != NULL && upstream->reports != NULL &&
                         pthread_mutex_init(&upstream->lock, NULL) == 0 &&
                         mc_condition_init(&upstream->changed);
    return is_good;
}

static bool start_threads(struct fleet_upstream *upstream, struct mc_error *err)
{
    char subject[FLEET_SUBJECT_BYTES];
    fleet_subject_write(subject, upstream->options.site, NULL, FLEET_STATE);
    upstream->states = fleet_broker_subscribe(upstream->options.broker, subject, REPORTS_PENDING,
                                              on_report, upstream, err);
    if (upstream->states == NULL) {
        return false;
    }
    upstream->has_thread = pthread_create(&upstream->thread, NULL, follow_wants, upstream) == 0;
    return upstream->has_thread ||
           mc_error_set(err, MC_ERROR_SYSTEM, 0, "no thread for subscriptions");
}

struct fleet_upstream *fleet_upstream_start(uv_loop_t *loop,
                                            const struct fleet_upstream_options *options,
                                            struct mc_error *err)
{
    struct fleet_upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream == NULL || !init(upstream)) {
        fleet_upstream_destroy(upstream);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the fleet's streams");
        return NULL;
    }
    upstream->options = *options;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        upstream->slots[i].upstream = upstream;
    }
    uv_async_init(loop, &upstream->arrived, on_arrived);
    upstream->arrived.data = upstream;
    if (!start_threads(upstream, err)) {
        fleet_upstream_stop(upstream);
        uv_run(loop, UV_RUN_NOWAIT);
        fleet_upstream_destroy(upstream);
        return NULL;
    }
    return upstream;
}

void fleet_upstream_stop(struct fleet_upstream *upstream)
{
    if (upstream == NULL) {
        return;
    }
    pthread_mutex_lock(&upstream->lock);
    upstream->is_stopping = true;
    say_changed(upstream);
    pthread_mutex_unlock(&upstream->lock);
    if (upstream->has_thread) {
        pthread_join(upstream->thread, NULL);
    }
    fleet_broker_unsubscribe(upstream->options.broker, upstream->states);
    uv_close((uv_handle_t *)&upstream->arrived, NULL);
}

void fleet_upstream_destroy(struct fleet_upstream *upstream)
{
    if (upstream == NULL) {
        return;
    }
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        for (int n = 0; n < QUEUE; n++) {
            free(upstream->slots[i].queue[n].bytes);
        }
    }
    free(upstream->taken.bytes);
    free(upstream->reports);
    free(upstream->message);
    free(upstream);
}
