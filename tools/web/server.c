#include "tools/web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/encode.h"
#include "protocol/request.h"
#include "protocol/writer.h"

enum {
    HEADER_BYTES = 512,        // longest Host or Origin
    SEND_BUFFER_BYTES = 32768, // what the kernel buffers for a slow browser is out of date
    REPLY_BYTES = 1024,
};

_Static_assert(WEB_BOARD_HEADROOM >= LWS_PRE, "a message is sent from where it is");

struct web_server {
    struct web_server_options options;
    struct lws_context *context;
    struct lws_vhost *vhost;
    void *loops[1];
    int browser_count;
    bool is_closing;
    struct protocol_buffer reply;
};

// One WebSocket.
struct browser {
    bool counted;
    uint64_t seen[WEB_BOARD_SLOTS]; // versions sent
    bool is_asked;                  // reply_* wait to be sent
    struct protocol_request request;
    struct protocol_error refusal; // message "": there is none
};

// ---- access

static const char *read_header(struct lws *wsi, enum lws_token_indexes token,
                               char text[HEADER_BYTES])
{
    return lws_hdr_copy(wsi, text, HEADER_BYTES, token) > 0 ? text : NULL;
}

static bool host_is_ours(const struct web_server *server, struct lws *wsi)
{
    char host[HEADER_BYTES];
    return web_origin_host_is_ours(server->options.hosts, read_header(wsi, WSI_TOKEN_HOST, host));
}

// A refused client may return at once, forever: log at a limited rate.
static bool may_log(void)
{
    static struct mc_log_limit limit;
    unsigned skipped;
    return mc_log_limit_pass(&limit, MC_NS_PER_SECOND, &skipped);
}

static bool may_connect(struct web_server *server, struct lws *wsi)
{
    char host[HEADER_BYTES], origin[HEADER_BYTES], path[HEADER_BYTES];
    const char *path_read = read_header(wsi, WSI_TOKEN_GET_URI, path);
    // An origin that is too long to be read still is one.
    const bool has_origin = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0;
    const char *origin_read = read_header(wsi, WSI_TOKEN_ORIGIN, origin);
    if (path_read == NULL || strcmp(path_read, "/ws") != 0) {
        return false;
    }
    if (!host_is_ours(server, wsi) || (has_origin && origin_read == NULL) ||
        !web_origin_is_same(origin_read, read_header(wsi, WSI_TOKEN_HOST, host))) {
        if (may_log()) {
            mc_log(MC_LOG_WARNING, "refused a page of another site: %s",
                   origin_read != NULL ? origin_read : "no origin");
        }
        return false;
    }
    if (server->browser_count == WEB_SERVER_BROWSERS_MAX) {
        if (may_log()) {
            mc_log(MC_LOG_WARNING, "refused a browser: there are %d", WEB_SERVER_BROWSERS_MAX);
        }
        return false;
    }
    return true;
}

// ---- files

static int end_request(struct lws *wsi)
{
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int refuse(struct lws *wsi, unsigned status)
{
    return lws_return_http_status(wsi, status, NULL) != 0 ? -1 : end_request(wsi);
}

static int serve_file(struct web_server *server, struct lws *wsi, const char *path)
{
    if (!host_is_ours(server, wsi)) {
        return refuse(wsi, HTTP_STATUS_FORBIDDEN);
    }
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0) {
        return refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED);
    }
    const struct web_page *page = web_pages_find(server->options.pages, path);
    if (page == NULL) {
        return refuse(wsi, HTTP_STATUS_NOT_FOUND);
    }
    const int status = lws_serve_http_file(wsi, page->path, page->type, NULL, 0);
    return status < 0 ? -1 : status > 0 ? end_request(wsi) : 0;
}

// ---- WebSockets

// The first slot whose newest text the browser has not got; -1 when it has all.
static int next_slot(const struct web_server *server, struct browser *browser)
{
    for (int i = 0; i < WEB_BOARD_SLOTS; i++) {
        const struct web_slot *slot = &server->options.board->slots[i];
        if (browser->seen[i] != slot->version) {
            if (slot->shown.length > 0) {
                return i;
            }
            browser->seen[i] = slot->version; // it was emptied
        }
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

static int send_reply(struct web_server *server, struct lws *wsi, struct browser *browser)
{
    unsigned char bytes[LWS_PRE + REPLY_BYTES];
    browser->is_asked = false;
    protocol_buffer_clear(&server->reply);
    if (browser->refusal.message[0] != '\0') {
        protocol_encode_error(&server->reply, PROTOCOL_JSON, &browser->refusal);
    } else {
        write_pong(&server->reply, browser->request.id);
    }
    if (server->reply.failed || server->reply.length == 0) {
        return -1;
    }
    const size_t length = server->reply.length - 1; // without its newline
    memcpy(bytes + LWS_PRE, server->reply.data, length);
    return lws_write(wsi, bytes + LWS_PRE, length, LWS_WRITE_TEXT);
}

static int send_slot(const struct web_server *server, struct lws *wsi, struct browser *browser,
                     int index)
{
    const struct web_slot *slot = &server->options.board->slots[index];
    browser->seen[index] = slot->version;
    unsigned char *text = (unsigned char *)slot->shown.bytes + WEB_BOARD_HEADROOM;
    return lws_write(wsi, text, slot->shown.length, LWS_WRITE_TEXT);
}

// One message each time that the socket takes one: what libwebsockets could not
// send at once it keeps, and asks again when that is gone.
static int write_next(struct web_server *server, struct lws *wsi, struct browser *browser)
{
    int status = 0;
    if (browser->is_asked) {
        status = send_reply(server, wsi, browser);
    } else {
        const int slot = next_slot(server, browser);
        status = slot >= 0 ? send_slot(server, wsi, browser, slot) : 0;
    }
    if (status < 0) {
        return -1;
    }
    if (next_slot(server, browser) >= 0) {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

static int read_request(struct lws *wsi, struct browser *browser, const char *text, size_t length)
{
    if (!lws_is_first_fragment(wsi) || !lws_is_final_fragment(wsi) || lws_frame_is_binary(wsi) ||
        length > WEB_SERVER_REQUEST_BYTES) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
        return -1;
    }
    if (browser->is_asked) {
        return 0; // it does not read: no second reply
    }
    memset(&browser->refusal, 0, sizeof browser->refusal);
    if (protocol_request_parse(text, length, &browser->request, &browser->refusal) &&
        browser->request.type != PROTOCOL_PING) {
        browser->refusal = (struct protocol_error){ .id = browser->request.id,
                                                    .code = PROTOCOL_ERROR_UNSUPPORTED,
                                                    .message = "a page may only ping" };
    }
    browser->is_asked = true;
    lws_callback_on_writable(wsi);
    return 0;
}

static void count_browser(struct web_server *server, int more)
{
    server->browser_count += more;
    if (more != 0 && !server->is_closing) {
        server->options.on_browsers(server->options.user, server->browser_count);
    }
}

static int begin_browser(struct web_server *server, struct lws *wsi, struct browser *browser)
{
    const int size = SEND_BUFFER_BYTES;
    setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    memset(browser, 0, sizeof *browser);
    browser->counted = true;
    count_browser(server, 1);
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct lws_context *context = lws_get_context(wsi);
    struct web_server *server = context != NULL ? lws_context_user(context) : NULL;
    struct browser *browser = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return serve_file(server, wsi, in);
    case LWS_CALLBACK_HTTP_FILE_COMPLETION:
        return end_request(wsi);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return may_connect(server, wsi) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        return begin_browser(server, wsi, browser);
    case LWS_CALLBACK_RECEIVE:
        return read_request(wsi, browser, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_next(server, wsi, browser);
    case LWS_CALLBACK_CLOSED:
        count_browser(server, browser->counted ? -1 : 0);
        browser->counted = false;
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "mocap",
      .callback = on_event,
      .per_session_data_size = sizeof(struct browser),
      .rx_buffer_size = 2 * WEB_SERVER_REQUEST_BYTES },
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

// Whether the address is this machine's and the port is free: libwebsockets only
// warns where it is not, and goes on.
static bool can_listen(const struct web_server_options *options, struct mc_error *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options->port) };
    const int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool good = fd >= 0 && inet_pton(AF_INET, options->address, &at.sin_addr) == 1 &&
                      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                      bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    if (!good && errno == EADDRNOTAVAIL) {
        mc_error_set(err, MC_ERROR_SYSTEM, EADDRNOTAVAIL,
                     "can't listen at %s:%d: this machine has no such address; 127.0.0.1 serves "
                     "this machine alone, 0.0.0.0 every address it has",
                     options->address, options->port);
    } else if (!good) {
        mc_error_set_errno(err, "can't listen at %s:%d", options->address, options->port);
    }
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

struct web_server *web_server_create(uv_loop_t *loop, const struct web_server_options *options,
                                     struct mc_error *err)
{
    static const lws_retry_bo_t idle = { .secs_since_valid_ping = 20,
                                         .secs_since_valid_hangup = 40 };
    if (!can_listen(options, err)) {
        return NULL;
    }
    struct web_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the server");
        return NULL;
    }
    server->options = *options;
    server->loops[0] = loop;
    protocol_buffer_init(&server->reply, REPLY_BYTES);
    lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
    const struct lws_context_creation_info info = {
        .port = options->port,
        .iface = options->address,
        .protocols = protocols,
        .headers = headers,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_IPV6,
        .foreign_loops = server->loops,
        .fd_limit_per_thread = WEB_SERVER_CONNECTIONS_MAX,
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
    protocol_buffer_finish(&server->reply);
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
