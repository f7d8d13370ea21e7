#include "tools/web/server.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/json_text.h"
#include "tools/web/answer.h"
#include "tools/web/browser.h"
#include "tools/web/call.h"
#include "tools/web/connections.h"
#include "tools/web/listening.h"
#include "tools/web/photo.h"
#include "tools/web/request.h"

enum {
    REPLY_BYTES = 1024,
    CALL_SECONDS = 15,  // for a request that mocapd answers
    PHOTO_SECONDS = 90, // for a photo; it has a shorter limit of its own
};

struct web_server {
    struct web_server_options options;
    struct lws_context *context;
    struct lws_vhost *vhost;
    void *loops[1];
    int browser_count;
    bool is_closing;
    struct web_connections connections;
    struct web_calls calls;
    struct web_photos photos;
    struct web_browsers browsers;
};

// A connection: a page's WebSocket or an HTTP request that waits for its answer.
struct session {
    struct web_browser browser;
    struct lws *wsi;
    bool is_waiting;
    struct web_call *call; // to mocapd; NULL: none
    struct web_photo photo;
    const char *type;
    unsigned status; // of its answer, once it is there
    char *answer;    // NULL: not yet
};

// ---- access

// A refused client may return at once, forever: log at a limited rate.
static bool may_log(void)
{
    static struct mc_log_limit limit;
    unsigned skipped;
    return mc_log_limit_pass(&limit, MC_NS_PER_SECOND, &skipped);
}

// Whether the request may become a WebSocket; otherwise reason says why not.
static bool may_connect(const struct web_server *server, struct lws *wsi,
                        char reason[WEB_REQUEST_REASON_BYTES])
{
    if (!web_request_is_from_us(server->options.names, wsi, reason)) {
        return false;
    }
    if (server->browser_count == WEB_SERVER_BROWSERS_MAX) {
        snprintf(reason, WEB_REQUEST_REASON_BYTES, "%d pages are open already, which is the most",
                 WEB_SERVER_BROWSERS_MAX);
        return false;
    }
    return true;
}

static int filter(const struct web_server *server, struct lws *wsi)
{
    char path[WEB_REQUEST_HEADER_BYTES], reason[WEB_REQUEST_REASON_BYTES];
    const char *path_read = web_request_header(wsi, WSI_TOKEN_GET_URI, path);
    if (path_read == NULL || strcmp(path_read, "/ws") != 0) {
        return -1;
    }
    if (may_connect(server, wsi, reason)) {
        return 0;
    }
    if (may_log()) {
        mc_log(MC_LOG_WARNING, "refused a WebSocket: %s", reason);
    }
    return -1;
}

// ---- HTTP

// A browser does not tell its page why a WebSocket was refused: the page posts to the same path.
static int explain_socket(const struct web_server *server, struct lws *wsi)
{
    char reason[WEB_REQUEST_REASON_BYTES] = "";
    return may_connect(server, wsi, reason) ? web_answer(wsi, HTTP_STATUS_OK, NULL, "", 0)
                                            : web_answer_refuse(wsi, HTTP_STATUS_FORBIDDEN, reason);
}

static int serve_health(const struct web_server *server, struct lws *wsi)
{
    static const char well[] = "ok\n", ill[] = "not connected to mocapd\n";
    return server->options.is_healthy(server->options.user)
               ? web_answer(wsi, HTTP_STATUS_OK, NULL, well, strlen(well))
               : web_answer(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL, ill, strlen(ill));
}

static int wait_for_call(struct lws *wsi, struct session *session, const struct mc_error *err)
{
    if (session->call == NULL) {
        return web_answer_refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE, err->message);
    }
    session->is_waiting = true;
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, CALL_SECONDS);
    return 0;
}

static void on_metrics(void *user, const char *reply, const char *reason)
{
    struct session *session = user;
    json_t *root = reply != NULL ? json_loads(reply, 0, NULL) : NULL;
    const char *text = json_string_value(json_object_get(root, "text"));
    const char *message = json_string_value(json_object_get(root, "message"));
    session->call = NULL;
    session->is_waiting = false;
    session->status = text != NULL ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE;
    session->answer = strdup(text != NULL ? text : message != NULL ? message : reason);
    json_decref(root);
    lws_callback_on_writable(session->wsi);
}

static int start_metrics(struct web_server *server, struct lws *wsi, struct session *session)
{
    struct mc_error err = { 0 };
    session->wsi = wsi;
    session->type = "text/plain; version=0.0.4; charset=utf-8";
    session->call =
        web_call_start(&server->calls, "{\"type\":\"metrics\"}", on_metrics, session, &err);
    return wait_for_call(wsi, session, &err);
}

static int send_answer(struct lws *wsi, struct session *session)
{
    char *text = session->answer;
    session->answer = NULL;
    if (text == NULL) {
        return session->is_waiting ? 0 : -1; // not yet; or out of memory
    }
    const char *type = session->status == HTTP_STATUS_OK ? session->type : NULL;
    const int status = web_answer(wsi, session->status, type, text, strlen(text));
    free(text);
    return status;
}

// The bridge's state; without one, {"reason":...}: that it isn't running is no error.
static void on_bridge(void *user, const char *reply, const char *reason)
{
    struct session *session = user;
    json_t *none = json_pack("{s:s}", "reason", reason);
    session->call = NULL;
    session->is_waiting = false;
    session->status = HTTP_STATUS_OK;
    session->answer = reply != NULL ? strdup(reply) : tools_json_text(none, JSON_COMPACT);
    json_decref(none);
    lws_callback_on_writable(session->wsi);
}

static int start_bridge(struct web_server *server, struct lws *wsi, struct session *session)
{
    struct mc_error err = { 0 };
    session->wsi = wsi;
    session->type = "application/json";
    session->call = web_call_read(&server->calls, server->options.bridge, on_bridge, session, &err);
    return wait_for_call(wsi, session, &err);
}

static int start_photo(struct web_server *server, struct lws *wsi, struct session *session)
{
    char reason[WEB_REQUEST_REASON_BYTES];
    session->wsi = wsi;
    session->type = "application/json";
    if (!web_request_is_from_us(server->options.names, wsi, reason)) {
        return web_answer_refuse(wsi, HTTP_STATUS_FORBIDDEN, reason);
    }
    const int status = web_photo_begin(&server->photos, &session->photo, wsi);
    session->is_waiting = session->photo.expected > 0; // for the body, and then for the faces
    return status;
}

static void on_photo(void *user, unsigned status, const char *text)
{
    struct session *session = user;
    session->is_waiting = false;
    session->status = status;
    session->answer = strdup(text);
    lws_callback_on_writable(session->wsi);
}

// Bytes behind the body make libwebsockets say once more that the body is complete.
static int find_faces(struct lws *wsi, struct session *session)
{
    if (session->photo.expected == 0 || session->photo.on_done != NULL) {
        return -1;
    }
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, PHOTO_SECONDS);
    web_photo_find(&session->photo, on_photo, session);
    return 0;
}

static int serve_page(const struct web_server *server, struct lws *wsi, const char *path)
{
    const struct web_page *page = web_pages_find(server->options.pages, path);
    if (page == NULL) {
        return web_answer_refuse(wsi, HTTP_STATUS_NOT_FOUND, "there is no such page");
    }
    const int status = lws_serve_http_file(wsi, page->path, page->type, NULL, 0);
    return status < 0 ? -1 : status > 0 ? web_answer_end(wsi) : 0;
}

static int serve(struct web_server *server, struct lws *wsi, struct session *session,
                 const char *path)
{
    char reason[WEB_REQUEST_REASON_BYTES];
    if (!web_request_host_is_ours(server->options.names, wsi, reason)) {
        return web_answer_refuse(wsi, HTTP_STATUS_FORBIDDEN, reason);
    }
    if (web_request_has(wsi, WSI_TOKEN_POST_URI) && strcmp(path, "/ws") == 0) {
        return explain_socket(server, wsi);
    }
    if (web_request_has(wsi, WSI_TOKEN_POST_URI) && strcmp(path, "/photo") == 0) {
        return start_photo(server, wsi, session);
    }
    if (!web_request_has(wsi, WSI_TOKEN_GET_URI) && !web_request_has(wsi, WSI_TOKEN_HEAD_URI)) {
        return web_answer_refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED, "only GET and HEAD");
    }
    if (strcmp(path, "/healthz") == 0) {
        return serve_health(server, wsi);
    }
    if (strcmp(path, "/metrics") == 0) {
        return start_metrics(server, wsi, session);
    }
    if (strcmp(path, "/bridge") == 0) {
        return start_bridge(server, wsi, session);
    }
    return serve_page(server, wsi, path);
}

static void end_session(struct session *session)
{
    web_call_forget(session->call);
    web_photo_end(&session->photo);
    free(session->answer);
    session->call = NULL;
    session->answer = NULL;
}

// ---- events

// HTTP/2 without TLS gains nothing here, no browser speaks it, and libwebsockets 4.1.6 reads out of
// bounds in it. With prior knowledge of it (RFC 9113) a request has no method that is known.
static int confirm_upgrade(struct lws *wsi, const char *protocol)
{
    if (strcasecmp(protocol, "h2c") != 0) {
        return 0;
    }
    web_answer_refuse(wsi, HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED,
                      "only HTTP/1.1, no upgrade to h2c");
    return -1;
}

static void count_browser(struct web_server *server, int more)
{
    server->browser_count += more;
    if (more != 0 && !server->is_closing) {
        server->options.on_browsers(server->options.user, server->browser_count);
    }
}

static int begin_browser(struct web_server *server, struct lws *wsi, struct session *session)
{
    memset(session, 0, sizeof *session);
    web_browser_begin(&session->browser, wsi);
    count_browser(server, 1);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct lws_context *context = lws_get_context(wsi);
    if (context == NULL) { // before there is one
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
    struct web_server *server = lws_context_user(context);
    struct session *session = user;
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        web_connections_add(&server->connections, wsi);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (server != NULL) {
            web_connections_remove(&server->connections, wsi);
        }
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm_upgrade(wsi, in);
    case LWS_CALLBACK_HTTP:
        web_connections_use(&server->connections, wsi, false);
        return serve(server, wsi, session, in);
    case LWS_CALLBACK_HTTP_BODY:
        return web_photo_read(&session->photo, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return find_faces(wsi, session);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return send_answer(wsi, session);
    case LWS_CALLBACK_HTTP_FILE_COMPLETION:
        return web_answer_end(wsi);
    case LWS_CALLBACK_CLOSED_HTTP:
        if (session != NULL) {
            end_session(session);
        }
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return filter(server, wsi);
    case LWS_CALLBACK_ESTABLISHED:
        web_connections_use(&server->connections, wsi, true);
        return begin_browser(server, wsi, session);
    case LWS_CALLBACK_RECEIVE:
        return web_browser_read(&server->browsers, &session->browser, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return web_browser_write(&server->browsers, &session->browser);
    case LWS_CALLBACK_TIMER: // a record has waited long enough
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_CLOSED:
        count_browser(server, session->browser.counted ? -1 : 0);
        web_browser_end(&session->browser);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "mocap",
      .callback = on_event,
      .per_session_data_size = sizeof(struct session),
      .rx_buffer_size = 2 * WEB_BROWSER_REQUEST_BYTES },
    { 0 },
};

// ---- the server

static void on_log(int level, const char *line)
{
    if (level != LLL_ERR || may_log()) {
        mc_log(level == LLL_ERR ? MC_LOG_WARNING : MC_LOG_DEBUG, "libwebsockets: %.*s",
               (int)strcspn(line, "\n"), line);
    }
}

// With every response. blob: and data: are for the textures within a model.
static const struct lws_protocol_vhost_options headers[] = {
    { &headers[1], NULL, "content-security-policy:",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
      "connect-src 'self' blob: data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'" },
    { &headers[2], NULL, "x-content-type-options:", "nosniff" },
    { &headers[3], NULL, "referrer-policy:", "no-referrer" },
    { NULL, NULL, "cross-origin-resource-policy:", "same-origin" },
};

struct web_server *web_server_create(uv_loop_t *loop, const struct web_server_options *options,
                                     struct mc_error *err)
{
    static const lws_retry_bo_t idle = { .secs_since_valid_ping = 20,
                                         .secs_since_valid_hangup = 40 };
    if (!web_listening_has_files(WEB_CONNECTIONS_MAX, err) ||
        !web_listening_is_possible(options->address, options->port, err)) {
        return NULL;
    }
    struct web_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the server");
        return NULL;
    }
    server->options = *options;
    server->loops[0] = loop;
    server->calls = (struct web_calls){ .loop = loop, .socket = options->socket };
    server->photos =
        (struct web_photos){ .loop = loop, .program = options->mocapctl, .token = options->token };
    server->browsers = (struct web_browsers){ .board = options->board,
                                              .token = options->token,
                                              .calls = &server->calls };
    protocol_buffer_init(&server->browsers.text, REPLY_BYTES);
    if (!web_calls_start(&server->calls, err)) {
        protocol_buffer_finish(&server->browsers.text);
        free(server);
        return NULL;
    }
    lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
    const struct lws_context_creation_info info = {
        .port = options->port,
        .iface = options->address,
        .protocols = protocols,
        .headers = headers,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_IPV6,
        .foreign_loops = server->loops,
        .fd_limit_per_thread = WEB_CONNECTIONS_MAX,
        .timeout_secs = 10,
        .keepalive_timeout = 10,
        .retry_and_idle_policy = &idle,
        .server_string = "mocap-web",
        .vhost_name = "mocap-web",
        .user = server,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    server->context = lws_create_context(&info);
    server->vhost = server->context != NULL ? lws_create_vhost(server->context, &info) : NULL;
    if (server->vhost == NULL || web_server_port(server) <= 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, 0, "can't listen at %s:%d", options->address,
                     options->port);
        web_server_close(server);
        uv_run(loop, UV_RUN_NOWAIT);
        web_server_destroy(server);
        return NULL;
    }
    return server;
}

void web_server_close(struct web_server *server)
{
    if (server != NULL && server->context != NULL) {
        server->is_closing = true;
        lws_context_destroy(server->context);
    }
}

void web_server_destroy(struct web_server *server)
{
    if (server == NULL) {
        return;
    }
    // On a loop that is not its own libwebsockets is destroyed twice: the first time
    // its handles are closed, the second time its memory is given back.
    if (server->context != NULL) {
        lws_context_destroy(server->context);
    }
    protocol_buffer_finish(&server->browsers.text);
    free(server);
}

int web_server_port(const struct web_server *server)
{
    return lws_get_vhost_listen_port(server->vhost);
}

void web_server_show(struct web_server *server)
{
    lws_callback_on_writable_all_protocol(server->context, &protocols[0]);
}
