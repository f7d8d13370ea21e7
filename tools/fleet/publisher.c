#include "tools/fleet/publisher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/decode.h"
#include "protocol/encode.h"
#include "protocol/mocap.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/fenced_record.h"
#include "tools/fleet/last_values.h"
#include "tools/fleet/mqtt.h"
#include "tools/fleet/published_stream.h"
#include "tools/fleet/subjects.h"
#include "tools/fleet/wants.h"

enum {
    REPLY_MS = 2000,
    RETRY_FIRST_MS = 50,
    RETRY_LAST_MS = 1000,
    WANTS_PENDING = 4096, // messages
    FOLLOW_MS = 250,      // between two looks at what is wanted no more
    READ_AT_ONCE = 64,    // messages, before a look at the clock
    SILENCES_MAX = 2,     // requests in a row without a reply: then mocapd is lost, not late
    WAITING = 4, // records of a stream that mocapd keeps for us: a late scheduler costs none
};

struct stream {
    struct fleet_published_stream out;
    bool is_subscribed;
    bool is_unsure; // a late reply may change that
};

struct fleet_publisher {
    struct fleet_publisher_options options;
    struct mocap_client *client; // NULL: not connected
    bool outage_is_told;
    int silences; // requests in a row that got no reply in time
    int retry_ms;
    struct stream streams[PROTOCOL_STREAMS_MAX];
    int stream_count;
    struct protocol_message *message; // for decoding
    struct protocol_buffer buffer;    // for what is sent
    int64_t reported_ns;              // when all streams were last reported
    bool was_connected;               // to the broker, when that was

    struct fleet_wants wants;
    struct fleet_broker_subscription *wants_subscription;
    pthread_t thread;
    bool has_thread;
    int wake_fd;
    int64_t followed_ns; // when it last looked at what is wanted
    atomic_bool is_stopping, is_news;
};

// ---- who wants what

static void wake(struct fleet_publisher *publisher)
{
    const uint64_t one = 1;
    atomic_store(&publisher->is_news, true);
    const ssize_t count = write(publisher->wake_fd, &one, sizeof one);
    (void)count; // full means that it is readable already
}

static struct stream *find_stream(struct fleet_publisher *publisher, const char *name)
{
    for (int i = 0; i < publisher->stream_count; i++) {
        if (strcmp(publisher->streams[i].out.name, name) == 0) {
            return &publisher->streams[i];
        }
    }
    return NULL;
}

// From the broker's thread.
static void on_want(void *user, const char *subject, const char *reply, const char *data,
                    size_t length)
{
    struct fleet_publisher *publisher = user;
    (void)reply;
    if (fleet_wants_take(&publisher->wants, subject, data, length)) {
        wake(publisher);
    }
}

// From a thread of the broker's library.
static void on_refusal(void *user, const char *subject)
{
    struct fleet_publisher *publisher = user;
    fleet_wants_take_refusal(&publisher->wants, subject);
}

static bool is_wanted(struct fleet_publisher *publisher, const struct stream *stream,
                      int64_t now_ns)
{
    uint64_t fence;
    const bool is_asked_for = publisher->options.always ||
                              fleet_wants_record(&publisher->wants, stream->out.name, now_ns);
    return is_asked_for && fleet_published_stream_is_allowed(&stream->out, &fence);
}

// ---- what goes out

// The JSON form of the record in message, without the newline.
static bool write_json(struct fleet_publisher *publisher)
{
    struct protocol_buffer *buffer = &publisher->buffer;
    const struct protocol_message *message = publisher->message;
    char tail[PROTOCOL_TAIL_BYTES];
    protocol_buffer_clear(buffer);
    protocol_encode_record(buffer, PROTOCOL_JSON, &message->record, PROTOCOL_INCLUDE_ALL);
    protocol_buffer_bytes(buffer, tail, protocol_encode_tail(tail, PROTOCOL_JSON, message->missed));
    return !buffer->failed;
}

static void publish_json(struct fleet_publisher *publisher, struct stream *stream, uint64_t fence,
                         const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    const bool is_wanted_nats =
        publisher->options.broker != NULL &&
        fleet_wants_json(&publisher->wants, stream->out.name, mc_clock_now_ns());
    if (!is_wanted_nats && publisher->options.mqtt == NULL) {
        return;
    }
    if (!protocol_decode_message(PROTOCOL_CBOR, message->bytes, message->length, publisher->message,
                                 &err)) {
        mc_log(MC_LOG_DEBUG, "%s: %s", stream->out.name, err.message);
        return;
    }
    publisher->message->record.fence = fence;
    if (is_wanted_nats && write_json(publisher)) {
        fleet_broker_publish(publisher->options.broker, stream->out.json_subject,
                             publisher->buffer.data, publisher->buffer.length - 1);
    }
    if (publisher->options.mqtt != NULL) {
        fleet_mqtt_watch(publisher->options.mqtt, &publisher->message->record);
    }
}

static void publish_record(struct fleet_publisher *publisher, const struct mocap_message *message)
{
    struct stream *stream = find_stream(publisher, message->record->stream);
    uint64_t fence;
    if (stream == NULL || message->encoding != MOCAP_ENCODING_CBOR) {
        return;
    }
    stream->out.stats.missed += message->record->missed;
    if (!fleet_published_stream_is_allowed(&stream->out, &fence)) {
        return;
    }
    const char *bytes = message->bytes;
    size_t length = message->length;
    if (fence != 0) {
        if (!fleet_fenced_record(&publisher->buffer, bytes, length, fence)) {
            stream->out.stats.lost++;
            return;
        }
        bytes = publisher->buffer.data;
        length = publisher->buffer.length;
    }
    fleet_published_stream_record(&stream->out, bytes, length);
    publish_json(publisher, stream, fence, message);
}

// ---- which streams there are

static bool is_listed(const struct mocap_server *server, const char *name)
{
    for (int i = 0; i < server->stream_count; i++) {
        if (strcmp(server->streams[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// Takes over the daemon's list. Those that are gone say so last.
static void take_streams(struct fleet_publisher *publisher)
{
    const struct mocap_server *server = mocap_server(publisher->client);
    int kept = 0;
    for (int i = 0; i < publisher->stream_count; i++) {
        struct stream *stream = &publisher->streams[i];
        if (!is_listed(server, stream->out.name)) {
            fleet_published_stream_leave(&stream->out);
            fleet_wants_remove(&publisher->wants, stream->out.name);
        } else if (kept++ != i) {
            publisher->streams[kept - 1] = *stream;
        }
    }
    publisher->stream_count = kept;
    for (int i = 0; i < server->stream_count; i++) {
        if (fleet_name_valid(server->streams[i]) && strlen(server->streams[i]) > 0 &&
            find_stream(publisher, server->streams[i]) == NULL &&
            publisher->stream_count < PROTOCOL_STREAMS_MAX) {
            struct stream *added = &publisher->streams[publisher->stream_count++];
            *added = (struct stream){ 0 };
            fleet_published_stream_init(&added->out, &publisher->options, server->streams[i]);
            fleet_wants_add(&publisher->wants, server->streams[i]);
        }
    }
}

// ---- the daemon

static void tell_outage(struct fleet_publisher *publisher, const char *reason)
{
    if (!publisher->outage_is_told) {
        mc_log(MC_LOG_WARNING, "nothing to publish from mocapd: %s; trying again until there is",
               reason);
        publisher->outage_is_told = true;
    }
}

static void set_subscribed(struct fleet_publisher *publisher, struct stream *stream,
                           bool is_subscribed)
{
    stream->is_subscribed = is_subscribed;
    stream->is_unsure = false;
    fleet_wants_set_met(&publisher->wants, stream->out.name, is_subscribed);
}

static void disconnect(struct fleet_publisher *publisher, const char *reason)
{
    tell_outage(publisher, reason);
    mocap_close(publisher->client);
    publisher->client = NULL;
    for (int i = 0; i < publisher->stream_count; i++) {
        set_subscribed(publisher, &publisher->streams[i], false);
        fleet_published_stream_set_state(&publisher->streams[i].out, PROTOCOL_STREAM_CONNECTING,
                                         "mocapd is not running");
    }
    publisher->retry_ms = publisher->retry_ms == 0 ? RETRY_FIRST_MS : publisher->retry_ms * 2;
    publisher->retry_ms = publisher->retry_ms > RETRY_LAST_MS ? RETRY_LAST_MS : publisher->retry_ms;
}

static bool connect_daemon(struct fleet_publisher *publisher)
{
    struct mocap_error error;
    publisher->client = mocap_connect(publisher->options.socket, REPLY_MS, &error);
    if (publisher->client == NULL) {
        disconnect(publisher, error.message);
        return false;
    }
    // What mocap-fleet serve offers comes from the broker: it would go round for ever.
    if (strncmp(mocap_server(publisher->client)->name, "mocap-fleet", 11) == 0) {
        disconnect(publisher, "mocap-fleet serve listens there, not mocapd; see --socket");
        return false;
    }
    mc_log(MC_LOG_INFO, "connected to %s", mocap_server(publisher->client)->name);
    publisher->outage_is_told = false;
    publisher->silences = 0;
    publisher->reported_ns = 0;
    atomic_store(&publisher->is_news, true);
    take_streams(publisher);
    return true;
}

// A mocapd that is late still has its streams. Returns false when it is disconnected.
static bool take_silence(struct fleet_publisher *publisher)
{
    if (++publisher->silences >= SILENCES_MAX) {
        disconnect(publisher, "it does not answer");
        return false;
    }
    mc_log(MC_LOG_DEBUG, "mocapd has not answered for %d ms", REPLY_MS);
    return true;
}

static bool subscribe(struct fleet_publisher *publisher, struct stream *stream,
                      struct mocap_error *error)
{
    const struct mocap_options options = { .stream = stream->out.name,
                                           .encoding = MOCAP_ENCODING_CBOR,
                                           .include = MOCAP_INCLUDE_ALL,
                                           .mode = MOCAP_MODE_QUEUE,
                                           .queue = WAITING,
                                           .label = "mocap-fleet" };
    mc_log(MC_LOG_DEBUG, "%s: subscribing, as the fleet asks for it", stream->out.name);
    return mocap_subscribe(publisher->client, &options, REPLY_MS, error);
}

// Subscribes to what is wanted and not the rest: one stream at a time, so that what comes before
// the reply is read before the next request, and does not pile up. A stream that the daemon removed
// meanwhile is refused: its list comes as a message.
static bool follow_wants(struct fleet_publisher *publisher)
{
    const int64_t now_ns = mc_clock_now_ns();
    if (!atomic_exchange(&publisher->is_news, false) &&
        now_ns - publisher->followed_ns < FOLLOW_MS * MC_NS_PER_MS) {
        return true;
    }
    publisher->followed_ns = now_ns;
    for (int i = 0; i < publisher->stream_count; i++) {
        struct stream *stream = &publisher->streams[i];
        struct mocap_error error;
        const bool want = is_wanted(publisher, stream, now_ns);
        if (want == stream->is_subscribed && !stream->is_unsure) {
            continue;
        }
        const bool is_done =
            want ? subscribe(publisher, stream, &error)
                 : mocap_unsubscribe(publisher->client, stream->out.name, REPLY_MS, &error);
        if (is_done) {
            publisher->silences = 0;
            set_subscribed(publisher, stream, want);
            atomic_store(&publisher->is_news, true); // there may be more to do
            return true;
        }
        if (error.code == MOCAP_ERROR_SYSTEM && error.number == ETIMEDOUT) {
            stream->is_unsure = true; // asked again, which changes nothing
            return take_silence(publisher);
        }
        if (error.code != MOCAP_ERROR_ARGUMENT) {
            disconnect(publisher, error.message);
            return false;
        }
        stream->is_unsure = false;
    }
    return true;
}

static void take_status(struct fleet_publisher *publisher, const struct protocol_status *status)
{
    for (int i = 0; i < status->stream_count; i++) {
        const struct protocol_stream_status *known = &status->streams[i];
        struct stream *stream = find_stream(publisher, known->stream);
        if (stream != NULL) {
            stream->out.stats.records = known->records;
            stream->out.stats.dropped = known->dropped;
            fleet_published_stream_set_state(&stream->out, known->state, known->reason);
        }
    }
}

// Asks the daemon how its streams are doing. Returns false when it is disconnected.
static bool ask_status(struct fleet_publisher *publisher)
{
    struct mocap_message reply;
    struct mocap_error error = { 0 };
    struct mc_error err = { 0 };
    const enum mocap_result result =
        mocap_request(publisher->client, "status", NULL, REPLY_MS, &reply, &error);
    if (result == MOCAP_TIMEOUT) {
        return take_silence(publisher);
    }
    if (result != MOCAP_MESSAGE) {
        disconnect(publisher, error.message);
        return false;
    }
    publisher->silences = 0;
    const enum protocol_encoding encoding =
        reply.encoding == MOCAP_ENCODING_CBOR ? PROTOCOL_CBOR : PROTOCOL_JSON;
    if (protocol_decode_message(encoding, reply.bytes, reply.length, publisher->message, &err) &&
        publisher->message->type == PROTOCOL_MESSAGE_STATUS) {
        take_status(publisher, &publisher->message->status);
    }
    publisher->retry_ms = 0;
    return true;
}

static void report_all(struct fleet_publisher *publisher)
{
    const int64_t now_ns = mc_clock_now_ns();
    const double seconds = (double)(now_ns - publisher->reported_ns) / MC_NS_PER_SECOND;
    for (int i = 0; i < publisher->stream_count; i++) {
        struct fleet_published_stream *out = &publisher->streams[i].out;
        out->stats.refused = fleet_wants_refused(&publisher->wants, out->name);
        fleet_published_stream_report(out, publisher->reported_ns == 0 ? 0 : seconds);
    }
    if (publisher->options.mqtt != NULL) {
        fleet_mqtt_retry_removals(publisher->options.mqtt);
    }
    publisher->reported_ns = now_ns;
}

static void take_state(struct fleet_publisher *publisher, const struct mocap_message *message)
{
    struct stream *stream = find_stream(publisher, message->stream);
    if (stream != NULL) {
        fleet_published_stream_set_state(&stream->out, protocol_stream_state_parse(message->state),
                                         message->reason);
    }
}

// Reads what the daemon has sent. Returns false when nothing is left, or it is disconnected.
static bool read_some(struct fleet_publisher *publisher)
{
    struct mocap_message message;
    struct mocap_error error;
    for (int i = 0; i < READ_AT_ONCE; i++) {
        switch (mocap_next(publisher->client, 0, &message, &error)) {
        case MOCAP_TIMEOUT:
            return false;
        case MOCAP_CLOSED:
        case MOCAP_ERROR:
            disconnect(publisher, error.message);
            return false;
        case MOCAP_MESSAGE:
            break;
        }
        if (message.type == MOCAP_RECORD) {
            publish_record(publisher, &message);
        } else if (message.type == MOCAP_STATE || message.type == MOCAP_END) {
            take_state(publisher, &message);
        } else if (message.type == MOCAP_STREAMS) {
            take_streams(publisher);
            atomic_store(&publisher->is_news, true);
        }
    }
    return true;
}

// ---- the thread

static void wait_for(const struct fleet_publisher *publisher, int fd, int timeout_ms)
{
    struct pollfd waited[2] = { { .fd = publisher->wake_fd, .events = POLLIN },
                                { .fd = fd, .events = POLLIN } };
    if (poll(waited, 2, timeout_ms) > 0 && waited[0].revents != 0) {
        uint64_t count;
        const ssize_t bytes = read(publisher->wake_fd, &count, sizeof count);
        (void)bytes;
    }
}

// Reports when it is due, or the broker has just come back; returns when the next is due. Without
// mocapd, too: subscribers would miss this machine, and what could not be sent has to be.
static int report_if_due(struct fleet_publisher *publisher)
{
    const bool is_connected =
        publisher->options.broker != NULL && fleet_broker_is_connected(publisher->options.broker);
    const bool is_new = is_connected && !publisher->was_connected;
    publisher->was_connected = is_connected;
    if (is_new) {
        fleet_last_values_keep(publisher->options.broker);
    }
    const int64_t passed_ms = (mc_clock_now_ns() - publisher->reported_ns) / MC_NS_PER_MS;
    if (is_new || publisher->reported_ns == 0 || passed_ms >= FLEET_REPEAT_MS) {
        if (publisher->client != NULL && !ask_status(publisher)) {
            return 0;
        }
        report_all(publisher);
        return FLEET_REPEAT_MS;
    }
    return (int)(FLEET_REPEAT_MS - passed_ms);
}

static void *run(void *user)
{
    struct fleet_publisher *publisher = user;
    while (!atomic_load(&publisher->is_stopping)) {
        const bool is_there = publisher->client != NULL || connect_daemon(publisher);
        const int timeout_ms = report_if_due(publisher);
        if (!is_there) {
            wait_for(publisher, -1,
                     timeout_ms < publisher->retry_ms ? timeout_ms : publisher->retry_ms);
            continue;
        }
        if (publisher->client == NULL || !follow_wants(publisher) || read_some(publisher) ||
            publisher->client == NULL || atomic_load(&publisher->is_news)) {
            continue;
        }
        wait_for(publisher, mocap_fd(publisher->client),
                 timeout_ms < FOLLOW_MS ? timeout_ms : FOLLOW_MS);
    }
    for (int i = 0; i < publisher->stream_count; i++) {
        fleet_published_stream_set_state(&publisher->streams[i].out, PROTOCOL_STREAM_CONNECTING,
                                         "mocap-fleet is stopped there");
    }
    return NULL;
}

static bool subscribe_wants(struct fleet_publisher *publisher, struct mc_error *err)
{
    char subject[FLEET_SUBJECT_BYTES];
    if (publisher->options.broker == NULL) {
        return true;
    }
    fleet_subject_write(subject, publisher->options.site, NULL, FLEET_WANT);
    publisher->wants_subscription = fleet_broker_subscribe(publisher->options.broker, subject,
                                                           WANTS_PENDING, on_want, publisher, err);
    fleet_broker_watch_refusals(publisher->options.broker, on_refusal, publisher);
    return publisher->wants_subscription != NULL;
}

struct fleet_publisher *fleet_publisher_start(const struct fleet_publisher_options *options,
                                              struct mc_error *err)
{
    struct fleet_publisher *publisher = calloc(1, sizeof *publisher);
    struct protocol_message *message = malloc(sizeof *message);
    if (publisher == NULL || message == NULL || !fleet_wants_init(&publisher->wants)) {
        free(publisher);
        free(message);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for publishing");
        return NULL;
    }
    publisher->options = *options;
    publisher->message = message;
    protocol_buffer_init(&publisher->buffer, 2 * PROTOCOL_MESSAGE_BYTES);
    publisher->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (publisher->wake_fd < 0) {
        mc_error_set_errno(err, "eventfd");
    } else if (subscribe_wants(publisher, err)) {
        publisher->has_thread = pthread_create(&publisher->thread, NULL, run, publisher) == 0;
        if (!publisher->has_thread) {
            mc_error_set(err, MC_ERROR_SYSTEM, 0, "no thread for publishing");
        }
    }
    if (!publisher->has_thread) {
        fleet_publisher_stop(publisher);
        return NULL;
    }
    return publisher;
}

void fleet_publisher_stop(struct fleet_publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    atomic_store(&publisher->is_stopping, true);
    if (publisher->has_thread) {
        wake(publisher);
        pthread_join(publisher->thread, NULL);
    }
    if (publisher->options.broker != NULL) {
        fleet_broker_watch_refusals(publisher->options.broker, NULL, NULL);
        fleet_broker_unsubscribe(publisher->options.broker, publisher->wants_subscription);
    }
    mocap_close(publisher->client);
    if (publisher->wake_fd >= 0) {
        close(publisher->wake_fd);
    }
    protocol_buffer_finish(&publisher->buffer);
    fleet_wants_finish(&publisher->wants);
    free(publisher->message);
    free(publisher);
}

void fleet_publisher_renew(struct fleet_publisher *publisher)
{
    wake(publisher);
}
