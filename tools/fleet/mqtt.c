#include "tools/fleet/mqtt.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/message.h"
#include "tools/fleet/home_assistant.h"
#include "tools/fleet/mqtt_loop.h"
#include "tools/fleet/mqtt_options.h"
#include "tools/fleet/retained.h"
#include "tools/fleet/subjects.h"

enum {
    KEEPALIVE_S = 15,
    WAITING_MAX = 64, // messages that the broker has not taken; a further record is lost
    WATCH_MS = 1000,  // between two messages of slow values
    WATCH_REPEAT_MS = 10000,
    KEPT_COUNT = FLEET_ENTITY_COUNT + 2, // messages of a stream that the broker keeps
    // The same for what the broker is to keep: all of it, and all of it once more.
    WAITING_KEPT_MAX = WAITING_MAX + 2 * PROTOCOL_STREAMS_MAX * KEPT_COUNT,
    END_MS = 2000, // for the broker to take the last messages
    END_LOOK_MS = 10,
};

struct stream {
    char name[PROTOCOL_NAME_BYTES];
    char record_topic[FLEET_SUBJECT_BYTES], stats_topic[FLEET_SUBJECT_BYTES];
    unsigned followed;  // connection in which its retained topics were subscribed to
    unsigned announced; // in which Home Assistant was told of it
    unsigned reported;  // in which state was sent
    char state[FLEET_REPORT_BYTES];
    char presence[FLEET_PRESENCE_BYTES]; // sent last
    bool is_present;
    int64_t presence_ns; // when
    unsigned watched;    // in which presence was sent
    bool is_behind;      // the state, or that nobody is present, could not be sent
    bool is_removed;
    int removed; // of its KEPT_COUNT messages
};

struct fleet_mqtt {
    struct fleet_mqtt_options options;
    struct mosquitto *mosquitto;
    struct fleet_mqtt_address address;
    struct fleet_mqtt_loop loop;
    char availability[FLEET_SUBJECT_BYTES];
    atomic_uint connection; // its number
    atomic_int waiting;     // messages given to the library
    atomic_int taken;       // number of the message that the broker took last
    atomic_bool is_ending;
    struct stream *streams; // owned; as many as there have been, PROTOCOL_STREAMS_MAX at most
    int stream_count;
    struct fleet_retained retained; // of the streams that are not removed
    bool has_retained;
};

// ---- what the library says, on its thread

static void on_connect(struct mosquitto *mosquitto, void *user, int code)
{
    struct fleet_mqtt *mqtt = user;
    if (code != 0) {
        fleet_mqtt_loop_take_refusal(&mqtt->loop, mosquitto_connack_string(code));
        return;
    }
    fleet_retained_forget(&mqtt->retained);
    atomic_store(&mqtt->waiting, 1);
    if (!atomic_load(&mqtt->is_ending)) {
        mosquitto_publish(mosquitto, NULL, mqtt->availability, 6, "online", 1, true);
    }
    atomic_fetch_add(&mqtt->connection, 1);
    fleet_mqtt_loop_take_connection(&mqtt->loop);
}

static void on_log(struct mosquitto *mosquitto, void *user, int level, const char *text)
{
    struct fleet_mqtt *mqtt = user;
    (void)mosquitto;
    if (level == MOSQ_LOG_ERR) {
        fleet_mqtt_loop_take_error(&mqtt->loop, text);
    }
}

static void on_publish(struct mosquitto *mosquitto, void *user, int id)
{
    struct fleet_mqtt *mqtt = user;
    (void)mosquitto;
    atomic_store(&mqtt->taken, id);
    // Not below 0: messages of QoS 1 from before a reconnect, which are not counted any more.
    int waiting = atomic_load(&mqtt->waiting);
    while (waiting > 0 && !atomic_compare_exchange_weak(&mqtt->waiting, &waiting, waiting - 1)) {
    }
}

// What was kept before this publisher subscribed is nothing that it has to answer.
static void on_message(struct mosquitto *mosquitto, void *user,
                       const struct mosquitto_message *message)
{
    struct fleet_mqtt *mqtt = user;
    (void)mosquitto;
    if (!message->retain) {
        fleet_retained_take(&mqtt->retained, message->topic, message->payload,
                            (size_t)message->payloadlen);
    }
}

// ---- starting and stopping

static bool check(int code, const char *what, struct mc_error *err)
{
    return code == MOSQ_ERR_SUCCESS ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: %s", what, mosquitto_strerror(code));
}

static bool set_options(struct fleet_mqtt *mqtt, struct mc_error *err)
{
    char site[FLEET_TOKEN_BYTES], machine[FLEET_TOKEN_BYTES];
    fleet_token_write(site, mqtt->options.site);
    fleet_token_write(machine, mqtt->options.machine);
    snprintf(mqtt->availability, sizeof mqtt->availability, "mocap/publishers/%s/%s", site,
             machine);
    mosquitto_connect_callback_set(mqtt->mosquitto, on_connect);
    mosquitto_publish_callback_set(mqtt->mosquitto, on_publish);
    mosquitto_message_callback_set(mqtt->mosquitto, on_message);
    mosquitto_log_callback_set(mqtt->mosquitto, on_log);
    mosquitto_int_option(mqtt->mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    return fleet_mqtt_options_set(mqtt->mosquitto, &mqtt->options, &mqtt->address, err) &&
           check(mosquitto_will_set(mqtt->mosquitto, mqtt->availability, 7, "offline", 1, true),
                 "last will", err);
}

struct fleet_mqtt *fleet_mqtt_start(const struct fleet_mqtt_options *options, struct mc_error *err)
{
    struct fleet_mqtt *mqtt = calloc(1, sizeof *mqtt);
    if (mqtt == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for MQTT");
        return NULL;
    }
    bool is_good = false;
    mqtt->options = *options;
    mosquitto_lib_init();
    mqtt->streams = calloc(PROTOCOL_STREAMS_MAX, sizeof *mqtt->streams);
    mqtt->mosquitto = mosquitto_new(NULL, true, mqtt);
    mqtt->has_retained = fleet_retained_init(&mqtt->retained, mqtt->options.machine);
    if (mqtt->streams == NULL || mqtt->mosquitto == NULL || !mqtt->has_retained) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for MQTT");
    } else if (set_options(mqtt, err)) {
        // Fails where the name does not resolve yet: the loop tries again.
        const int code = mosquitto_connect_async(mqtt->mosquitto, mqtt->address.host,
                                                 mqtt->address.port, KEEPALIVE_S);
        mqtt->loop.mosquitto = mqtt->mosquitto;
        mqtt->loop.url = mqtt->address.url;
        if (code != MOSQ_ERR_SUCCESS) {
            fleet_mqtt_loop_take_error(&mqtt->loop, mosquitto_strerror(code));
        }
        is_good = fleet_mqtt_loop_start(&mqtt->loop, err);
    }
    if (!is_good) {
        fleet_mqtt_stop(mqtt);
        return NULL;
    }
    return mqtt;
}

static bool is_any_behind(const struct fleet_mqtt *mqtt)
{
    for (int i = 0; i < mqtt->stream_count; i++) {
        if (mqtt->streams[i].is_behind || mqtt->streams[i].is_removed) {
            return true;
        }
    }
    return false;
}

// What the library has not sent when it disconnects is lost, and the broker would keep for ever
// what was true before. It takes messages in their order, so the last one stands for all.
static void end(struct fleet_mqtt *mqtt)
{
    const struct timespec moment = { .tv_nsec = END_LOOK_MS * MC_NS_PER_MS };
    int id = 0;
    atomic_store(&mqtt->is_ending, true);
    bool is_taken = false;
    if (atomic_load(&mqtt->loop.is_connected) &&
        mosquitto_publish(mqtt->mosquitto, &id, mqtt->availability, 7, "offline", 1, true) ==
            MOSQ_ERR_SUCCESS) {
        for (int ms = 0; ms < END_MS && atomic_load(&mqtt->taken) != id; ms += END_LOOK_MS) {
            nanosleep(&moment, NULL);
        }
        is_taken = atomic_load(&mqtt->taken) == id;
    }
    if (atomic_load(&mqtt->connection) > 0 && (!is_taken || is_any_behind(mqtt))) {
        mc_log(MC_LOG_WARNING,
               "the MQTT broker at %s has not taken the last messages: it may keep states and "
               "presence that are no longer true",
               mqtt->address.url);
    }
}

void fleet_mqtt_stop(struct fleet_mqtt *mqtt)
{
    if (mqtt == NULL) {
        return;
    }
    if (mqtt->loop.has_thread) {
        end(mqtt);
        fleet_mqtt_loop_stop(&mqtt->loop);
    }
    mosquitto_destroy(mqtt->mosquitto);
    mosquitto_lib_cleanup();
    if (mqtt->has_retained) {
        fleet_retained_finish(&mqtt->retained);
    }
    free(mqtt->streams);
    free(mqtt);
}

// ---- what goes out

static struct stream *find_known(struct fleet_mqtt *mqtt, const char *name)
{
    for (int i = 0; i < mqtt->stream_count; i++) {
        if (strcmp(mqtt->streams[i].name, name) == 0) {
            return &mqtt->streams[i];
        }
    }
    return NULL;
}

static struct fleet_entity_place place_of(const struct fleet_mqtt *mqtt,
                                          const struct stream *stream)
{
    return (struct fleet_entity_place){ .prefix = mqtt->options.discovery,
                                        .site = mqtt->options.site,
                                        .stream = stream->name,
                                        .availability = mqtt->availability };
}

static struct stream *find_stream(struct fleet_mqtt *mqtt, const char *name)
{
    struct stream *stream = find_known(mqtt, name);
    if (stream != NULL && !stream->is_removed) {
        return stream;
    }
    if (stream == NULL) {
        // When there are too many, it takes the place of the first.
        stream =
            &mqtt->streams[mqtt->stream_count < PROTOCOL_STREAMS_MAX ? mqtt->stream_count++ : 0];
    }
    *stream = (struct stream){ 0 };
    snprintf(stream->name, sizeof stream->name, "%s", name);
    fleet_topic_write(stream->record_topic, mqtt->options.site, name, "record");
    fleet_topic_write(stream->stats_topic, mqtt->options.site, name, "stats");
    const struct fleet_entity_place place = place_of(mqtt, stream);
    fleet_retained_add(&mqtt->retained, &place);
    return stream;
}

static bool publish(struct fleet_mqtt *mqtt, const char *topic, const char *bytes, size_t length,
                    int qos, bool is_retained)
{
    const int most = is_retained ? WAITING_KEPT_MAX : WAITING_MAX;
    if (!atomic_load(&mqtt->loop.is_connected) || atomic_load(&mqtt->waiting) >= most) {
        return false;
    }
    atomic_fetch_add(&mqtt->waiting, 1);
    if (mosquitto_publish(mqtt->mosquitto, NULL, topic, (int)length, bytes, qos, is_retained) !=
        MOSQ_ERR_SUCCESS) {
        atomic_fetch_sub(&mqtt->waiting, 1);
        return false;
    }
    return true;
}

bool fleet_mqtt_record(struct fleet_mqtt *mqtt, const char *stream, const char *bytes,
                       size_t length)
{
    return publish(mqtt, find_stream(mqtt, stream)->record_topic, bytes, length, 0, false);
}

// Before the first message to those topics, so that the broker shows all that comes after it.
static bool subscribe_retained(struct fleet_mqtt *mqtt, const struct stream *stream)
{
    const struct fleet_entity_place place = place_of(mqtt, stream);
    for (int i = 0; i < FLEET_RETAINED_COUNT; i++) {
        char topic[FLEET_ENTITY_TOPIC_BYTES];
        fleet_retained_topic_write(topic, (enum fleet_retained_topic)i, &place);
        if (topic[0] != '\0' &&
            mosquitto_subscribe(mqtt->mosquitto, NULL, topic, 1) != MOSQ_ERR_SUCCESS) {
            return false;
        }
    }
    return true;
}

static void unsubscribe_retained(struct fleet_mqtt *mqtt, struct stream *stream)
{
    const struct fleet_entity_place place = place_of(mqtt, stream);
    fleet_retained_remove(&mqtt->retained, stream->name);
    for (int i = 0; i < FLEET_RETAINED_COUNT; i++) {
        char topic[FLEET_ENTITY_TOPIC_BYTES];
        fleet_retained_topic_write(topic, (enum fleet_retained_topic)i, &place);
        if (topic[0] != '\0') {
            mosquitto_unsubscribe(mqtt->mosquitto, NULL, topic);
        }
    }
}

// What another machine has removed is to be sent again, and all of it where its state is not to
// stay. Returns false when the stream is the other's for now: while this machine's is not live.
static bool take_news(struct fleet_mqtt *mqtt, struct stream *stream, bool is_live)
{
    struct fleet_retained_news news;
    fleet_retained_look(&mqtt->retained, stream->name, &news);
    const bool is_all = news.is_others && !(is_live && news.is_live);
    if (is_all || news.is_emptied[FLEET_RETAINED_ENTITIES]) {
        stream->announced = 0;
    }
    if (is_all || news.is_emptied[FLEET_RETAINED_STATE]) {
        stream->reported = 0;
    }
    if (is_all || news.is_emptied[FLEET_RETAINED_PRESENCE]) {
        stream->watched = 0;
    }
    return is_live || !news.is_others;
}

static bool announce(struct fleet_mqtt *mqtt, const struct stream *stream)
{
    const struct fleet_entity_place place = place_of(mqtt, stream);
    char topic[FLEET_ENTITY_TOPIC_BYTES], text[FLEET_ENTITY_BYTES];
    for (int i = 0; i < FLEET_ENTITY_COUNT; i++) {
        const size_t length = fleet_entity_write(topic, text, i, &place);
        if (length > 0 && !publish(mqtt, topic, text, length, 1, true)) {
            return false;
        }
    }
    return true;
}

// Sends the presence that text, which fleet_presence_write has written, tells.
static bool send_presence(struct fleet_mqtt *mqtt, struct stream *stream, bool is_present,
                          const char *text, size_t length)
{
    char topic[FLEET_SUBJECT_BYTES];
    fleet_topic_write(topic, mqtt->options.site, stream->name, "presence");
    if (publish(mqtt, topic, text, length, 1, true)) {
        snprintf(stream->presence, sizeof stream->presence, "%s", text);
        stream->is_present = is_present;
        stream->presence_ns = mc_clock_now_ns();
        stream->watched = atomic_load(&mqtt->connection);
        return true;
    }
    return false;
}

// The last thing seen, which the broker keeps, would stay true for ever.
static bool clear_presence(struct fleet_mqtt *mqtt, struct stream *stream)
{
    char text[FLEET_PRESENCE_BYTES];
    const size_t length = fleet_presence_write(text, NULL);
    return (stream->watched == atomic_load(&mqtt->connection) &&
            strcmp(stream->presence, text) == 0) ||
           send_presence(mqtt, stream, false, text, length);
}

static bool send_state(struct fleet_mqtt *mqtt, struct stream *stream, unsigned connection,
                       const char *text, size_t length)
{
    char topic[FLEET_SUBJECT_BYTES];
    if (stream->reported == connection && strcmp(stream->state, text) == 0) {
        return true;
    }
    fleet_topic_write(topic, mqtt->options.site, stream->name, "state");
    fleet_retained_expect(&mqtt->retained, stream->name);
    if (!publish(mqtt, topic, text, length, 1, true)) {
        fleet_retained_expect_not(&mqtt->retained, stream->name);
        return false;
    }
    stream->reported = connection;
    snprintf(stream->state, sizeof stream->state, "%s", text);
    return true;
}

void fleet_mqtt_state(struct fleet_mqtt *mqtt, const char *name, bool is_live, const char *text,
                      size_t length)
{
    struct stream *stream = find_stream(mqtt, name);
    const unsigned connection = atomic_load(&mqtt->connection);
    stream->is_behind = false;
    if (!take_news(mqtt, stream, is_live)) {
        return;
    }
    if (stream->followed != connection && atomic_load(&mqtt->loop.is_connected) &&
        subscribe_retained(mqtt, stream)) {
        stream->followed = connection;
        stream->watched = 0; // presence may have gone out before
    }
    if (mqtt->options.discovery[0] != '\0' && stream->announced != connection &&
        announce(mqtt, stream)) {
        stream->announced = connection;
    }
    const bool is_clear = is_live || clear_presence(mqtt, stream);
    stream->is_behind = !send_state(mqtt, stream, connection, text, length) || !is_clear;
}

void fleet_mqtt_stats(struct fleet_mqtt *mqtt, const struct fleet_stats_report *stats,
                      const char *text, size_t length)
{
    publish(mqtt, find_stream(mqtt, stats->stream)->stats_topic, text, length, 0, false);
}

void fleet_mqtt_watch(struct fleet_mqtt *mqtt, const struct protocol_record *record)
{
    struct stream *stream = find_stream(mqtt, record->stream);
    const int64_t now_ns = mc_clock_now_ns();
    const int64_t passed_ms = (now_ns - stream->presence_ns) / MC_NS_PER_MS;
    const bool is_present = record->face_count > 0;
    const bool has_come = is_present && !stream->is_present; // a face that flickers goes late
    if (stream->presence_ns != 0 && !has_come && passed_ms < WATCH_MS) {
        return;
    }
    char text[FLEET_PRESENCE_BYTES];
    const size_t length = fleet_presence_write(text, record);
    if (stream->watched == atomic_load(&mqtt->connection) && strcmp(text, stream->presence) == 0 &&
        passed_ms < WATCH_REPEAT_MS) {
        return;
    }
    send_presence(mqtt, stream, is_present, text, length);
}

// ---- what goes away

// An empty message that the broker is to keep makes it forget the one it has.
static bool remove_kept(struct fleet_mqtt *mqtt, const struct stream *stream, int message)
{
    static const char *const others[KEPT_COUNT - FLEET_ENTITY_COUNT] = { "state", "presence" };
    const struct fleet_entity_place place = place_of(mqtt, stream);
    char topic[FLEET_ENTITY_TOPIC_BYTES], text[FLEET_ENTITY_BYTES];
    if (message >= FLEET_ENTITY_COUNT) {
        char subject[FLEET_SUBJECT_BYTES];
        fleet_topic_write(subject, mqtt->options.site, stream->name,
                          others[message - FLEET_ENTITY_COUNT]);
        return publish(mqtt, subject, NULL, 0, 1, true);
    }
    return mqtt->options.discovery[0] == '\0' ||
           fleet_entity_write(topic, text, message, &place) == 0 ||
           publish(mqtt, topic, NULL, 0, 1, true);
}

void fleet_mqtt_remove(struct fleet_mqtt *mqtt, const char *name)
{
    struct fleet_retained_news news;
    struct stream *stream = find_known(mqtt, name);
    if (stream != NULL && !stream->is_removed) {
        fleet_retained_look(&mqtt->retained, name, &news);
        unsubscribe_retained(mqtt, stream);
        stream->is_removed = true;
        stream->removed = news.is_others ? KEPT_COUNT : 0;
        fleet_mqtt_retry_removals(mqtt);
    }
}

void fleet_mqtt_retry_removals(struct fleet_mqtt *mqtt)
{
    for (int i = mqtt->stream_count - 1; i >= 0; i--) {
        struct stream *stream = &mqtt->streams[i];
        while (stream->is_removed && stream->removed < KEPT_COUNT &&
               remove_kept(mqtt, stream, stream->removed)) {
            stream->removed++;
        }
        if (stream->removed == KEPT_COUNT) {
            *stream = mqtt->streams[--mqtt->stream_count];
        }
    }
}
