#include "tools/web/relay.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "protocol/encode.h"
#include "protocol/view.h"
#include "protocol/writer.h"
#include "tools/follow.h"

enum { TEXT_BYTES_MAX = 64 * 1024 }; // of texts that the relay writes itself

struct web_relay {
    struct web_relay_options options;
    struct web_board *board;
    struct follow *follow;
    pthread_t thread;
    struct protocol_buffer text;
    atomic_bool is_connected;
    int stream_count;
    char streams[WEB_BOARD_STREAMS_MAX][PROTOCOL_NAME_BYTES];
};

static void put(struct web_relay *relay, int slot, const char *text, size_t length)
{
    if (!web_board_put(relay->board, slot, text, length)) {
        mc_log(MC_LOG_ERROR, "out of memory for a message of %zu bytes", length);
    }
}

// What was written to relay->text, without its newline.
static void put_text(struct web_relay *relay, int slot)
{
    if (!relay->text.failed && relay->text.length > 0) {
        put(relay, slot, relay->text.data, relay->text.length - 1);
    }
}

// What mocap-web says of itself: whether mocapd is there, and why not.
static void put_web(struct web_relay *relay, bool is_connected, const char *reason)
{
    const char *socket = relay->options.socket != NULL ? relay->options.socket : "";
    struct protocol_writer writer;
    atomic_store(&relay->is_connected, is_connected);
    protocol_buffer_clear(&relay->text);
    protocol_writer_begin(&writer, &relay->text, PROTOCOL_JSON, "web");
    protocol_writer_string_field(&writer, "server", relay->options.server);
    protocol_writer_string_field(&writer, "socket", socket);
    protocol_writer_name(&writer, "daemon");
    protocol_writer_bool(&writer, is_connected);
    protocol_writer_string_field(&writer, "reason", reason);
    protocol_writer_end(&writer);
    put_text(relay, WEB_BOARD_WEB);
}

static void on_outage(void *user, const char *reason)
{
    struct web_relay *relay = user;
    put_web(relay, false, reason);
    relay->options.on_put(relay->options.user);
}

bool web_relay_is_connected(const struct web_relay *relay)
{
    return atomic_load(&relay->is_connected);
}

static void put_hello(struct web_relay *relay, const struct mocap_server *server)
{
    static struct protocol_hello hello; // one relay per program
    protocol_view_hello(server, &hello);
    hello.stream_count = relay->stream_count;
    for (int i = 0; i < relay->stream_count; i++) {
        memcpy(hello.streams[i], relay->streams[i], PROTOCOL_NAME_BYTES);
    }
    protocol_buffer_clear(&relay->text);
    protocol_encode_hello(&relay->text, &hello);
    put_text(relay, WEB_BOARD_HELLO);
}

// Clears the streams' texts, which would be out of date.
static void clear_streams(struct web_relay *relay)
{
    for (int i = WEB_BOARD_HELLO + 1; i < WEB_BOARD_SLOTS; i++) {
        put(relay, i, "", 0);
    }
}

// Another daemon, perhaps with other streams.
static void begin(struct web_relay *relay)
{
    const struct mocap_server *server = follow_server(relay->follow);
    clear_streams(relay);
    relay->stream_count = 0;
    for (int i = 0; i < server->stream_count && i < WEB_BOARD_STREAMS_MAX; i++) {
        if (relay->options.stream == NULL ||
            strcmp(relay->options.stream, server->streams[i]) == 0) {
            snprintf(relay->streams[relay->stream_count++], PROTOCOL_NAME_BYTES, "%s",
                     server->streams[i]);
        }
    }
    for (int i = 0; i < WEB_BOARD_STREAMS_MAX; i++) {
        web_board_name(relay->board, i, i < relay->stream_count ? relay->streams[i] : "");
    }
    put_web(relay, true, "");
    put_hello(relay, server);
}

static void put_lost(struct web_relay *relay)
{
    for (int i = 0; i < relay->stream_count; i++) {
        struct protocol_state state = { .state = PROTOCOL_STREAM_CONNECTING,
                                        .reason = "mocapd is not running" };
        memcpy(state.stream, relay->streams[i], sizeof state.stream);
        protocol_buffer_clear(&relay->text);
        protocol_encode_state(&relay->text, PROTOCOL_JSON, &state);
        put_text(relay, web_board_state_slot(i));
    }
}

static void put_message(struct web_relay *relay, const struct mocap_message *message)
{
    const bool is_record = message->type == MOCAP_RECORD;
    const char *stream = is_record ? message->record->stream : message->stream;
    if (!is_record && message->type != MOCAP_STATE && message->type != MOCAP_END) {
        return;
    }
    for (int i = 0; i < relay->stream_count; i++) {
        if (strcmp(relay->streams[i], stream) == 0) {
            put(relay, is_record ? web_board_record_slot(i) : web_board_state_slot(i),
                message->bytes, message->length);
        }
    }
}

static void *run(void *argument)
{
    struct web_relay *relay = argument;
    struct mocap_message message;
    for (;;) {
        switch (follow_next(relay->follow, &message)) {
        case FOLLOW_CONNECTED:
            begin(relay);
            break;
        case FOLLOW_MESSAGE:
            put_message(relay, &message);
            break;
        case FOLLOW_RESTING:
            clear_streams(relay);
            break;
        case FOLLOW_LOST:
            put_lost(relay);
            break;
        case FOLLOW_STOPPED:
            return NULL;
        }
        relay->options.on_put(relay->options.user);
    }
}

// The loop's thread handles signals.
static int start_thread(struct web_relay *relay)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int status = pthread_create(&relay->thread, NULL, run, relay);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static void destroy(struct web_relay *relay)
{
    follow_destroy(relay->follow);
    protocol_buffer_finish(&relay->text);
    free(relay);
}

struct web_relay *web_relay_start(struct web_board *board, const struct web_relay_options *options,
                                  struct mc_error *err)
{
    struct web_relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the relay");
        return NULL;
    }
    relay->options = *options;
    relay->board = board;
    protocol_buffer_init(&relay->text, TEXT_BYTES_MAX);
    const struct follow_options wanted = { .socket = options->socket,
                                           .subscribe = { .stream = options->stream,
                                                          .encoding = MOCAP_ENCODING_JSON,
                                                          .label = "mocap-web" },
                                           .at_rest = true,
                                           .on_outage = on_outage,
                                           .user = relay };
    relay->follow = follow_create(&wanted, err);
    if (relay->follow == NULL) {
        destroy(relay);
        return NULL;
    }
    const int status = start_thread(relay);
    if (status != 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, status, "no thread for the relay");
        destroy(relay);
        return NULL;
    }
    return relay;
}

void web_relay_follow(struct web_relay *relay, bool is_followed)
{
    follow_want(relay->follow, is_followed);
}

void web_relay_stop(struct web_relay *relay)
{
    if (relay == NULL) {
        return;
    }
    follow_stop(relay->follow);
    pthread_join(relay->thread, NULL);
    destroy(relay);
}
