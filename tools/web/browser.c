#include "tools/web/browser.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "base/clock.h"
#include "protocol/encode.h"
#include "protocol/json.h"
#include "protocol/writer.h"
#include "tools/web/call.h"
#include "tools/web/control.h"

enum { SEND_BUFFER_BYTES = 32768 }; // what the kernel buffers for a slow browser is out of date

// Between two records of a stream that is not on the stage.
static const int64_t ASIDE_EVERY_NS = MC_NS_PER_SECOND / 5;

_Static_assert(WEB_BOARD_HEADROOM >= LWS_PRE, "a message is sent from where it is");

void web_browser_begin(struct web_browser *browser, struct lws *wsi)
{
    const int size = SEND_BUFFER_BYTES;
    setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    memset(browser, 0, sizeof *browser);
    browser->wsi = wsi;
    browser->counted = true;
    browser->last = WEB_BOARD_HELLO;
    lws_callback_on_writable(wsi);
}

void web_browser_end(struct web_browser *browser)
{
    web_call_forget(browser->call);
    free(browser->reply);
    browser->call = NULL;
    browser->reply = NULL;
    browser->counted = false;
}

// ---- writing

// How long it is until a slot may be sent: records of streams that are not on the page's stage
// keep a distance. 0: now.
static int64_t wait_ns(const struct web_browser *browser, int slot, int64_t now_ns)
{
    const int stream = web_board_stream_of_record(slot);
    if (stream < 0 || !browser->has_stage || stream == browser->stage) {
        return 0;
    }
    const int64_t due_ns = browser->sent_ns[stream] + ASIDE_EVERY_NS;
    return due_ns > now_ns ? due_ns - now_ns : 0;
}

static bool has_news(const struct web_board *board, struct web_browser *browser, int index)
{
    const struct web_slot *slot = &board->slots[index];
    if (browser->seen[index] == slot->version) {
        return false;
    }
    if (slot->shown.length == 0) {
        browser->seen[index] = slot->version; // it was emptied
    }
    return slot->shown.length > 0;
}

// A slot whose newest text the browser has not got, and may get now; -1: none. Greetings come
// before the streams, which take turns, so that a slow browser gets something of each.
//   least_ns  how long until the next one of those that must wait; 0: there is none
static int next_slot(const struct web_board *board, struct web_browser *browser, int64_t *least_ns)
{
    const int first = WEB_BOARD_HELLO + 1, count = WEB_BOARD_SLOTS - first;
    const int64_t now_ns = mc_clock_now_ns();
    *least_ns = 0;
    for (int i = 0; i < WEB_BOARD_SLOTS; i++) {
        const int slot = i < first ? i : first + (browser->last + 1 - first + i - first) % count;
        if (!has_news(board, browser, slot)) {
            continue;
        }
        const int64_t left_ns = wait_ns(browser, slot, now_ns);
        if (left_ns == 0) {
            return slot;
        }
        *least_ns = *least_ns == 0 || left_ns < *least_ns ? left_ns : *least_ns;
    }
    return -1;
}

static void write_pong(struct protocol_buffer *buffer, struct protocol_id id)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, PROTOCOL_JSON, "pong");
    if (id.given) {
        protocol_writer_name(&writer, "id");
        protocol_writer_int(&writer, id.value);
    }
    protocol_writer_name(&writer, "t_ns");
    protocol_writer_int(&writer, mc_clock_now_ns());
    protocol_writer_end(&writer);
}

static int send_text(struct web_browser *browser, const char *text, size_t length)
{
    unsigned char *bytes = malloc(LWS_PRE + length);
    if (bytes == NULL) {
        return -1;
    }
    memcpy(bytes + LWS_PRE, text, length);
    const int sent = lws_write(browser->wsi, bytes + LWS_PRE, length, LWS_WRITE_TEXT);
    free(bytes);
    return sent < 0 ? -1 : 0;
}

static int send_answer(struct web_browsers *browsers, struct web_browser *browser)
{
    struct protocol_buffer *text = &browsers->text;
    browser->is_asked = false;
    protocol_buffer_clear(text);
    if (browser->refusal.message[0] != '\0') {
        protocol_encode_error(text, PROTOCOL_JSON, &browser->refusal);
    } else {
        write_pong(text, browser->request.id);
    }
    return text->failed || text->length == 0
               ? -1
               : send_text(browser, text->data, text->length - 1); // without its newline
}

static int send_reply(struct web_browser *browser)
{
    char *reply = browser->reply;
    browser->reply = NULL;
    const int status = send_text(browser, reply, strlen(reply));
    free(reply);
    return status;
}

static int send_slot(const struct web_board *board, struct web_browser *browser, int index)
{
    const struct web_slot *slot = &board->slots[index];
    const int stream = web_board_stream_of_record(index);
    browser->seen[index] = slot->version;
    if (index > WEB_BOARD_HELLO) {
        browser->last = index;
    }
    if (stream >= 0) {
        browser->sent_ns[stream] = mc_clock_now_ns();
    }
    unsigned char *text = (unsigned char *)slot->shown.bytes + WEB_BOARD_HEADROOM;
    return lws_write(browser->wsi, text, slot->shown.length, LWS_WRITE_TEXT) < 0 ? -1 : 0;
}

int web_browser_write(struct web_browsers *browsers, struct web_browser *browser)
{
    int status = 0;
    int64_t least_ns;
    if (browser->is_asked) {
        status = send_answer(browsers, browser);
    } else if (browser->reply != NULL) {
        status = send_reply(browser);
    } else {
        const int slot = next_slot(browsers->board, browser, &least_ns);
        status = slot >= 0 ? send_slot(browsers->board, browser, slot) : 0;
    }
    if (status == 0 &&
        (browser->reply != NULL || next_slot(browsers->board, browser, &least_ns) >= 0)) {
        lws_callback_on_writable(browser->wsi);
    } else if (status == 0 && least_ns > 0) {
        lws_set_timer_usecs(browser->wsi, (lws_usec_t)(least_ns / MC_NS_PER_US + 1));
    }
    return status;
}

// ---- reading

static void refuse(struct web_browser *browser, const struct protocol_error *error)
{
    browser->refusal = *error;
    browser->is_asked = true;
    lws_callback_on_writable(browser->wsi);
}

static void on_called(void *user, const char *reply, const char *reason)
{
    struct web_browser *browser = user;
    struct protocol_error error = { .id = browser->call_id, .code = PROTOCOL_ERROR_OTHER };
    browser->call = NULL;
    browser->reply = reply != NULL ? web_control_reply(reply, browser->call_id) : NULL;
    if (browser->reply == NULL) {
        snprintf(error.message, sizeof error.message, "mocapd: %.200s", reason);
        refuse(browser, &error);
    }
    lws_callback_on_writable(browser->wsi);
}

// A request for mocapd: one at a time.
static void pass_on(struct web_browsers *browsers, struct web_browser *browser, const char *text,
                    size_t length)
{
    struct protocol_error error;
    struct protocol_id id;
    struct mc_error err = { 0 };
    char *request = web_control_read(text, length, browsers->token, &id, &error);
    if (request == NULL) {
        refuse(browser, &error);
        return;
    }
    error = (struct protocol_error){ .id = id, .code = PROTOCOL_ERROR_BAD_REQUEST };
    if (browser->call != NULL || browser->reply != NULL) {
        snprintf(error.message, sizeof error.message, "the last request is not answered yet");
        refuse(browser, &error);
    } else {
        browser->call_id = id;
        browser->call = web_call_start(browsers->calls, request, on_called, browser, &err);
        if (browser->call == NULL) {
            snprintf(error.message, sizeof error.message, "%s", err.message);
            refuse(browser, &error);
        }
    }
    free(request);
}

static void answer(struct web_browser *browser, const char *text, size_t length)
{
    if (protocol_request_parse(text, length, &browser->request, &browser->refusal) &&
        browser->request.type != PROTOCOL_PING) {
        browser->refusal =
            (struct protocol_error){ .id = browser->request.id,
                                     .code = PROTOCOL_ERROR_UNSUPPORTED,
                                     .message = "a page may send ping, stage and control" };
    }
    browser->is_asked = true;
    lws_callback_on_writable(browser->wsi);
}

// {"type":"stage","stream":NAME}: the page shows that stream in full. Of the others, of all without
// a stream, a small picture is enough: their records come a few times a second. Has no answer.
static bool take_stage(struct web_browsers *browsers, struct web_browser *browser)
{
    json_t *root = protocol_json_load(browser->text, browser->length, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));
    const char *stream = json_string_value(json_object_get(root, "stream"));
    const bool is_stage = type != NULL && strcmp(type, "stage") == 0;
    if (is_stage) {
        browser->has_stage = true;
        browser->stage = stream != NULL ? web_board_find(browsers->board, stream) : -1;
        lws_callback_on_writable(browser->wsi);
    }
    json_decref(root);
    return is_stage;
}

// One answer waits to be sent at a time: further pings of a page that does not read get none.
static void take_message(struct web_browsers *browsers, struct web_browser *browser)
{
    if (take_stage(browsers, browser)) {
        return;
    }
    if (web_control_is(browser->text, browser->length)) {
        pass_on(browsers, browser, browser->text, browser->length);
    } else if (!browser->is_asked) {
        memset(&browser->refusal, 0, sizeof browser->refusal);
        answer(browser, browser->text, browser->length);
    }
}

int web_browser_read(struct web_browsers *browsers, struct web_browser *browser, const char *text,
                     size_t length)
{
    if (lws_frame_is_binary(browser->wsi) || length > sizeof browser->text - browser->length) {
        lws_close_reason(browser->wsi,
                         lws_frame_is_binary(browser->wsi) ? LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE
                                                           : LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
                         NULL, 0);
        return -1;
    }
    memcpy(browser->text + browser->length, text, length);
    browser->length += length;
    if (lws_is_final_fragment(browser->wsi) && lws_remaining_packet_payload(browser->wsi) == 0) {
        take_message(browsers, browser);
        browser->length = 0;
    }
    return 0;
}
