#include "tools/bridge/vts.h"

#include <libwebsockets.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "tools/bridge/expressions.h"
#include "tools/bridge/vts_mailbox.h"
#include "tools/bridge/vts_reply.h"
#include "tools/bridge/vts_token.h"

#define PLUGIN "\"pluginName\":\"mocap-bridge\",\"pluginDeveloper\":\"mocapd\""

enum {
    REQUEST_BYTES = 8192,
    REPLY_BYTES_MAX = 1 << 16,
    REASON_BYTES = 128,
    ANSWER_SECONDS = 10, // to what takes no decision of the user
    PING_SECONDS = 20,   // without a sign of life
    HANG_UP_SECONDS = 30,
};

enum stage {
    STAGE_RESOLVING,
    STAGE_OFFLINE,
    STAGE_CONNECTING,
    STAGE_TOKEN,        // asking for one: the user decides
    STAGE_AUTHENTICATE, // with the token
    STAGE_PARAMETERS,   // creating custom ones
    STAGE_READY,
    STAGE_DENIED, // by the user
};

struct bridge_vts {
    struct bridge_address address; // of the thread, once it runs
    struct lws_context *context;
    pthread_t thread;
    pthread_mutex_t lock; // guards the next group
    bool is_stopping;
    enum stage stage; // written by the thread alone
    char reason[REASON_BYTES];
    struct bridge_vts_mailbox mailbox; // open while the stage is READY

    // Of the thread:
    struct lws *wsi; // NULL: not connected
    int address_index;
    int64_t retry_at_ns;
    int retry_ms;
    bool is_asked;        // the stage's request was sent
    int64_t ask_again_ns; // when it is sent again after an error; 0: it is not
    int created;          // custom parameters
    char token[BRIDGE_TOKEN_BYTES];
    bool token_is_new; // given on this connection
    bool has_told;     // the log knows that its user is asked
    char reply[REPLY_BYTES_MAX];
    size_t reply_size;
    bool reply_is_long;
    struct mc_log_limit limit;
};

bool bridge_vts_is_custom(enum mocap_shape shape)
{
    return shape != MOCAP_CHEEK_PUFF && shape != MOCAP_TONGUE_OUT;
}

// Copies as many characters as fit: text may come from outside.
static void copy_text(char *copy, size_t size, const char *text)
{
    size_t left = strlen(text), used = 0;
    uint32_t character;
    int bytes;
    while (left > 0 && (bytes = mc_utf8_decode(text, left, &character)) > 0 &&
           used + (size_t)bytes < size) {
        memcpy(copy + used, text, (size_t)bytes);
        used += (size_t)bytes;
        text += bytes;
        left -= (size_t)bytes;
    }
    copy[used] = '\0';
}

// Sends the stage's request, if it has one, as soon as the connection takes it.
static void ask(struct bridge_vts *vts)
{
    vts->is_asked = false;
    vts->ask_again_ns = 0;
    if (vts->wsi != NULL) {
        const bool is_answer_due = vts->stage == STAGE_AUTHENTICATE;
        lws_set_timeout(
            vts->wsi, is_answer_due ? PENDING_TIMEOUT_AWAITING_SERVER_RESPONSE : NO_PENDING_TIMEOUT,
            is_answer_due ? ANSWER_SECONDS : 0);
        lws_callback_on_writable(vts->wsi);
    }
}

static void enter(struct bridge_vts *vts, enum stage stage, const char *reason)
{
    pthread_mutex_lock(&vts->lock);
    vts->stage = stage;
    copy_text(vts->reason, sizeof vts->reason, reason);
    pthread_mutex_unlock(&vts->lock);
    bridge_vts_mailbox_set_open(&vts->mailbox, stage == STAGE_READY);
    ask(vts);
}

// ---- requests

// Writes text, which has size bytes and LWS_PRE bytes before it. Returns 0, or -1 to close.
static int write_text(struct lws *wsi, unsigned char *text, size_t size)
{
    return lws_write(wsi, text, size, LWS_WRITE_TEXT) < (int)size ? -1 : 0;
}

static int write_request(struct bridge_vts *vts, const char *type, const char *data)
{
    unsigned char request[LWS_PRE + REQUEST_BYTES];
    const int size = snprintf((char *)request + LWS_PRE, REQUEST_BYTES,
                              "{\"apiName\":\"VTubeStudioPublicAPI\",\"apiVersion\":\"1.0\","
                              "\"requestID\":\"mocap\",\"messageType\":\"%s\",\"data\":{%s}}",
                              type, data);
    return write_text(vts->wsi, request + LWS_PRE, (size_t)size);
}

static int write_parameter(struct bridge_vts *vts)
{
    char data[256];
    while (vts->created < MOCAP_SHAPE_COUNT && !bridge_vts_is_custom(vts->created)) {
        vts->created++;
    }
    if (vts->created == MOCAP_SHAPE_COUNT) {
        mc_log(MC_LOG_INFO, "VTube Studio at %s accepts parameters", vts->address.text);
        vts->retry_ms = 0;
        vts->has_told = false;
        enter(vts, STAGE_READY, "");
        return 0;
    }
    snprintf(data, sizeof data,
             "\"parameterName\":\"%s\",\"explanation\":\"ARKit's %s\",\"min\":0,\"max\":1,"
             "\"defaultValue\":0",
             bridge_expression_clip_name(vts->created), mocap_shape_name(vts->created));
    vts->created++;
    lws_callback_on_writable(vts->wsi);
    return write_request(vts, "ParameterCreationRequest", data);
}

static int write_packet(struct bridge_vts *vts)
{
    unsigned char request[LWS_PRE + REQUEST_BYTES];
    size_t size;
    const unsigned char *packet = bridge_vts_mailbox_peek(&vts->mailbox, &size);
    if (packet == NULL) {
        return 0;
    }
    if (size > REQUEST_BYTES) {
        return -1;
    }
    memcpy(request + LWS_PRE, packet, size);
    lws_callback_on_writable(vts->wsi); // there may be more
    if (write_text(vts->wsi, request + LWS_PRE, size) != 0) {
        return -1;
    }
    bridge_vts_mailbox_pop(&vts->mailbox);
    return 0;
}

static int write_next(struct bridge_vts *vts)
{
    char data[256];
    const bool is_asked = vts->is_asked;
    vts->is_asked = true;
    switch (vts->stage) {
    case STAGE_TOKEN:
        return is_asked ? 0 : write_request(vts, "AuthenticationTokenRequest", PLUGIN);
    case STAGE_AUTHENTICATE:
        snprintf(data, sizeof data, PLUGIN ",\"authenticationToken\":\"%s\"", vts->token);
        return is_asked ? 0 : write_request(vts, "AuthenticationRequest", data);
    case STAGE_PARAMETERS:
        return write_parameter(vts);
    case STAGE_READY:
        return write_packet(vts);
    case STAGE_RESOLVING:
    case STAGE_OFFLINE:
    case STAGE_CONNECTING:
    case STAGE_DENIED:
        break;
    }
    return 0;
}

// ---- replies

static void take_token(struct bridge_vts *vts, const char *token)
{
    struct mc_error err = { 0 };
    if (token[0] == '\0') {
        enter(vts, STAGE_DENIED, "it sent an unusable token");
        return;
    }
    snprintf(vts->token, sizeof vts->token, "%s", token);
    vts->token_is_new = true;
    if (!bridge_token_write(vts->address.text, token, &err)) {
        mc_log(MC_LOG_WARNING,
               "VTube Studio will ask its user again, as the token cannot be kept: %s",
               err.message);
    }
    enter(vts, STAGE_AUTHENTICATE, "");
}

// A token that was kept may have been revoked: its user is asked once more.
static void refuse_token(struct bridge_vts *vts)
{
    bridge_token_forget(vts->address.text);
    if (vts->token_is_new) {
        enter(vts, STAGE_DENIED, "it refuses the token that it issued");
    } else {
        enter(vts, STAGE_TOKEN, "its user must allow mocap-bridge");
    }
}

// All but the user's "no" may pass: VTube Studio may show another plugin's dialog, or ours from
// before a restart.
static void ask_later(struct bridge_vts *vts, const char *message)
{
    char reason[REASON_BYTES];
    copy_text(reason, sizeof reason, message);
    mc_log(strcmp(vts->reason, reason) != 0 ? MC_LOG_WARNING : MC_LOG_DEBUG,
           "VTube Studio at %s refuses for now: %s", vts->address.text, reason);
    enter(vts, vts->stage, reason);
    lws_set_timeout(vts->wsi, NO_PENDING_TIMEOUT, 0);
    vts->is_asked = true;
    vts->retry_ms = bridge_retry_next(vts->retry_ms);
    vts->ask_again_ns = mc_clock_now_ns() + vts->retry_ms * MC_NS_PER_MS;
}

static void take_error(struct bridge_vts *vts, int64_t error_id, const char *message)
{
    unsigned skipped;
    if (vts->stage == STAGE_TOKEN && error_id == BRIDGE_VTS_TOKEN_DENIED) {
        mc_log(MC_LOG_WARNING, "VTube Studio at %s refuses: %s", vts->address.text, message);
        enter(vts, STAGE_DENIED, message);
    } else if (vts->stage == STAGE_TOKEN || vts->stage == STAGE_AUTHENTICATE) {
        ask_later(vts, message);
    } else if (vts->stage == STAGE_READY &&
               mc_log_limit_pass(&vts->limit, 10 * MC_NS_PER_SECOND, &skipped)) {
        mc_log(MC_LOG_WARNING, "VTube Studio at %s: %s", vts->address.text, message);
    } else {
        mc_log(MC_LOG_DEBUG, "VTube Studio at %s: %s", vts->address.text, message);
    }
}

static void take_reply(struct bridge_vts *vts)
{
    struct bridge_vts_reply reply;
    bridge_vts_reply_read(vts->reply, vts->reply_size, &reply);
    if (reply.type == BRIDGE_VTS_REPLY_NONE) {
        mc_log(MC_LOG_DEBUG, "VTube Studio at %s: malformed reply", vts->address.text);
    } else if (reply.type == BRIDGE_VTS_REPLY_TOKEN && vts->stage == STAGE_TOKEN) {
        take_token(vts, reply.token);
    } else if (reply.type == BRIDGE_VTS_REPLY_AUTHENTICATED && vts->stage == STAGE_AUTHENTICATE) {
        if (reply.is_authenticated) {
            vts->created = 0;
            enter(vts, STAGE_PARAMETERS, "");
        } else {
            refuse_token(vts);
        }
    } else if (reply.type == BRIDGE_VTS_REPLY_ERROR) {
        take_error(vts, reply.error_id, reply.message);
    }
}

static void receive(struct bridge_vts *vts, struct lws *wsi, const void *bytes, size_t size)
{
    if (size > sizeof vts->reply - vts->reply_size) {
        vts->reply_is_long = true;
    } else {
        memcpy(vts->reply + vts->reply_size, bytes, size);
        vts->reply_size += size;
    }
    if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
        if (!vts->reply_is_long) {
            take_reply(vts);
        }
        vts->reply_size = 0;
        vts->reply_is_long = false;
    }
}

// ---- the connection

static void lose(struct bridge_vts *vts, const char *reason)
{
    vts->wsi = NULL;
    vts->retry_ms = bridge_retry_next(vts->retry_ms);
    vts->retry_at_ns = mc_clock_now_ns() + vts->retry_ms * MC_NS_PER_MS;
    vts->address_index++;
    vts->reply_size = 0;
    bridge_address_doubt(&vts->address, mc_clock_now_ns());
    enter(vts, STAGE_OFFLINE, reason);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons event, void *user, void *in,
                    size_t size)
{
    struct bridge_vts *vts = lws_context_user(lws_get_context(wsi));
    (void)user;
    switch ((int)event) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        vts->wsi = wsi;
        vts->token_is_new = false;
        if (bridge_token_read(vts->address.text, vts->token)) {
            enter(vts, STAGE_AUTHENTICATE, "");
        } else {
            mc_log(vts->has_told ? MC_LOG_DEBUG : MC_LOG_INFO,
                   "VTube Studio at %s asks its user to allow mocap-bridge", vts->address.text);
            vts->has_told = true;
            enter(vts, STAGE_TOKEN, "its user must allow mocap-bridge");
        }
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_next(vts);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        receive(vts, wsi, in, size);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lose(vts, "no answer: start VTube Studio and enable its plugin API");
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        lose(vts, vts->stage == STAGE_AUTHENTICATE ? "VTube Studio does not answer"
                                                   : "VTube Studio closed the connection");
        return 0;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        if (vts != NULL && vts->wsi != NULL && vts->stage == STAGE_READY) {
            lws_callback_on_writable(vts->wsi);
        }
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "vtube-studio", .callback = on_event, .rx_buffer_size = 4096 },
    { 0 },
};

static void connect_now(struct bridge_vts *vts)
{
    char host[BRIDGE_ADDRESS_BYTES];
    const int index = vts->address_index % vts->address.count;
    const struct sockaddr_storage *to = &vts->address.found[index];
    if (getnameinfo((const struct sockaddr *)(const void *)to, vts->address.sizes[index], host,
                    sizeof host, NULL, 0, NI_NUMERICHOST) != 0) {
        lose(vts, "its address cannot be used");
        return;
    }
    const struct lws_client_connect_info info = {
        .context = vts->context,
        .address = host,
        .host = host,
        .origin = host,
        .port = atoi(vts->address.port),
        .path = "/",
        .local_protocol_name = protocols[0].name,
        .alpn = "http/1.1",
        .pwsi = &vts->wsi,
    };
    enter(vts, STAGE_CONNECTING, "");
    if (lws_client_connect_via_info(&info) == NULL && vts->stage == STAGE_CONNECTING) {
        lose(vts, "no answer: start VTube Studio and enable its plugin API");
    }
}

static void wait_for_address(struct bridge_vts *vts)
{
    const char *reason = vts->address.failure != NULL ? vts->address.failure : "";
    if (strcmp(vts->reason, reason) != 0) {
        enter(vts, STAGE_RESOLVING, reason);
    }
}

static void *run(void *argument)
{
    struct bridge_vts *vts = argument;
    for (;;) {
        const int64_t now_ns = mc_clock_now_ns();
        pthread_mutex_lock(&vts->lock);
        const bool is_stopping = vts->is_stopping;
        pthread_mutex_unlock(&vts->lock);
        if (is_stopping) {
            return NULL;
        }
        bridge_address_update(&vts->address, now_ns);
        if (vts->address.count == 0) {
            wait_for_address(vts);
        } else if ((vts->stage == STAGE_OFFLINE || vts->stage == STAGE_RESOLVING) &&
                   now_ns >= vts->retry_at_ns) {
            connect_now(vts);
        } else if (vts->ask_again_ns != 0 && now_ns >= vts->ask_again_ns) {
            ask(vts);
        }
        lws_service(vts->context, 0); // until there is something, or it is cancelled
    }
}

static void log_lws(int level, const char *line)
{
    (void)level;
    mc_log(MC_LOG_DEBUG, "libwebsockets: %s", line);
}

struct bridge_vts *bridge_vts_create(const char *address, const char *default_port,
                                     struct mc_error *err)
{
    struct bridge_vts *vts = calloc(1, sizeof *vts);
    if (vts == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for VTube Studio");
        return NULL;
    }
    if (!bridge_address_init(&vts->address, address, default_port, err)) {
        free(vts);
        return NULL;
    }
    static const lws_retry_bo_t idle = { .secs_since_valid_ping = PING_SECONDS,
                                         .secs_since_valid_hangup = HANG_UP_SECONDS };
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .retry_and_idle_policy = &idle,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .user = vts,
    };
    lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
    pthread_mutex_init(&vts->lock, NULL);
    bridge_vts_mailbox_init(&vts->mailbox);
    vts->context = lws_create_context(&info);
    if (vts->context == NULL || pthread_create(&vts->thread, NULL, run, vts) != 0) {
        mc_error_set(err, MC_ERROR_MEMORY, 0,
                     "cannot create a WebSocket or a thread for VTube Studio");
        if (vts->context != NULL) {
            lws_context_destroy(vts->context);
        }
        bridge_address_finish(&vts->address);
        bridge_vts_mailbox_finish(&vts->mailbox);
        pthread_mutex_destroy(&vts->lock);
        free(vts);
        return NULL;
    }
    return vts;
}

void bridge_vts_destroy(struct bridge_vts *vts)
{
    if (vts == NULL) {
        return;
    }
    pthread_mutex_lock(&vts->lock);
    vts->is_stopping = true;
    pthread_mutex_unlock(&vts->lock);
    lws_cancel_service(vts->context);
    pthread_join(vts->thread, NULL);
    lws_context_destroy(vts->context);
    bridge_address_finish(&vts->address);
    bridge_vts_mailbox_finish(&vts->mailbox);
    pthread_mutex_destroy(&vts->lock);
    free(vts);
}

void bridge_vts_send(struct bridge_vts *vts, const struct bridge_packets *packets)
{
    if (bridge_vts_mailbox_push(&vts->mailbox, packets)) {
        lws_cancel_service(vts->context);
    }
}

void bridge_vts_counts(struct bridge_vts *vts, uint64_t *sent, uint64_t *lost)
{
    bridge_vts_mailbox_counts(&vts->mailbox, sent, lost);
}

void bridge_vts_update(struct bridge_vts *vts)
{
    lws_cancel_service(vts->context);
}

enum bridge_link_state bridge_vts_state(struct bridge_vts *vts, char *reason, size_t size)
{
    pthread_mutex_lock(&vts->lock);
    const enum stage stage = vts->stage;
    snprintf(reason, size, "%s", vts->reason);
    pthread_mutex_unlock(&vts->lock);
    switch (stage) {
    case STAGE_READY:
        return BRIDGE_LINK_UP;
    case STAGE_RESOLVING:
        return BRIDGE_LINK_RESOLVING;
    case STAGE_TOKEN:
    case STAGE_DENIED:
        return BRIDGE_LINK_WAITING;
    case STAGE_OFFLINE:
    case STAGE_CONNECTING:
    case STAGE_AUTHENTICATE:
    case STAGE_PARAMETERS:
        break;
    }
    return BRIDGE_LINK_DOWN;
}
