// mocap-web: a page that shows what mocapd publishes.
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <uv.h>

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/reserve.h"
#include "protocol/endpoint.h"
#include "tools/bridge_socket.h"
#include "tools/web/board.h"
#include "tools/web/pages.h"
#include "tools/web/relay.h"
#include "tools/web/server.h"
#include "tools/web/token.h"
#include "tools/web/web_options.h"

// After the last browser: a page that is reloaded finds the camera still open.
enum { LINGER_MS = 3000 };

enum { FILES_MIN = 24 }; // descriptors to start with

struct web {
    struct web_options options;
    uv_loop_t loop;
    uv_signal_t signals[2];
    uv_async_t put;    // the relay put something
    uv_timer_t linger; // runs while there is no browser and the streams are still followed
    struct web_board board;
    struct web_pages pages;
    struct web_relay *relay;
    struct web_server *server;
    char token[WEB_TOKEN_BYTES], token_file[PATH_MAX];
    char bridge[PROTOCOL_ENDPOINT_BYTES];
    char mocapctl[PATH_MAX];
    bool is_stopping;
};

// From the relay's thread.
static void on_put(void *user)
{
    struct web *web = user;
    uv_async_send(&web->put);
}

static void on_async(uv_async_t *async)
{
    struct web *web = async->data;
    if (web->server != NULL && !web->is_stopping && web_board_take(&web->board)) {
        web_server_show(web->server);
    }
}

static void on_linger(uv_timer_t *timer)
{
    const struct web *web = timer->data;
    web_relay_follow(web->relay, false);
}

static void on_browsers(void *user, int count)
{
    struct web *web = user;
    if (count == 0) {
        uv_timer_start(&web->linger, on_linger, LINGER_MS, 0);
    } else {
        uv_timer_stop(&web->linger);
        web_relay_follow(web->relay, true);
    }
}

static bool is_healthy(void *user)
{
    const struct web *web = user;
    return web->relay != NULL && web_relay_is_connected(web->relay);
}

static void stop(struct web *web)
{
    web_relay_stop(web->relay);
    web->relay = NULL;
    web_server_close(web->server);
    web->is_stopping = true;
    uv_handle_t *const handles[] = { (uv_handle_t *)&web->put, (uv_handle_t *)&web->linger,
                                     (uv_handle_t *)&web->signals[0],
                                     (uv_handle_t *)&web->signals[1] };
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        if (!uv_is_closing(handles[i])) {
            uv_close(handles[i], NULL);
        }
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct web *web = handle->data;
    (void)number;
    if (!web->is_stopping) {
        stop(web);
    }
}

static void start_handles(struct web *web)
{
    const int numbers[2] = { SIGINT, SIGTERM };
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&web->loop, &web->signals[i]);
        web->signals[i].data = web;
        uv_signal_start(&web->signals[i], on_signal, numbers[i]);
    }
    uv_async_init(&web->loop, &web->put, on_async);
    web->put.data = web;
    uv_timer_init(&web->loop, &web->linger);
    web->linger.data = web;
}

// The socket of mocap-bridge's state: beside the daemon's default one, unless it is given.
static bool find_bridge(struct web *web, struct mc_error *err)
{
    if (web->options.bridge != NULL) {
        snprintf(web->bridge, sizeof web->bridge, "%s", web->options.bridge);
        return true;
    }
    return tools_bridge_socket_path(web->bridge, err);
}

static bool start(struct web *web, struct mc_error *err)
{
    char directory[WEB_PAGE_PATH_BYTES];
    const char *pages = web->options.pages;
    if (pages == NULL) {
        if (!mc_path_data(directory, sizeof directory, "web", err)) {
            return false;
        }
        pages = directory;
    }
    if (!web_pages_load(&web->pages, pages, err) ||
        !web_token_load(web->token, web->token_file, err) || !find_bridge(web, err) ||
        !mc_path_program(web->mocapctl, sizeof web->mocapctl, "mocapctl", err)) {
        return false;
    }
    const struct web_server_options serve = { .address = web->options.listen.address,
                                              .port = web->options.listen.port,
                                              .socket = web->options.socket,
                                              .bridge = web->bridge,
                                              .mocapctl = web->mocapctl,
                                              .token = web->token,
                                              .names = &web->options.names,
                                              .pages = &web->pages,
                                              .board = &web->board,
                                              .on_browsers = on_browsers,
                                              .is_healthy = is_healthy,
                                              .user = web };
    web->server = web_server_create(&web->loop, &serve, err);
    if (web->server == NULL) {
        return false;
    }
    const struct web_relay_options relay = { web->options.socket, web->options.stream,
                                             "mocap-web " MOCAPD_VERSION, on_put, web };
    web->relay = web_relay_start(&web->board, &relay, err);
    return web->relay != NULL;
}

// Whoever has the token may calibrate: it goes to a terminal, and into no log, which others may
// read.
static void tell_address(const struct web *web)
{
    char address[64];
    snprintf(address, sizeof address, "http://%s:%d/", web->options.listen.address,
             web_server_port(web->server));
    if (isatty(STDERR_FILENO)) {
        mc_log(MC_LOG_INFO, "open %s#token=%s", address, web->token);
    } else if (web->token_file[0] != '\0') {
        mc_log(MC_LOG_INFO, "open %s; to calibrate, append #token= followed by the contents of %s",
               address, web->token_file);
    } else {
        mc_log(MC_LOG_INFO, "open %s; its token is only shown on a terminal", address);
    }
}

static bool serve(struct web *web)
{
    struct mc_error err = { 0 };
    mc_log_level_set(web->options.log_level);
    if (!mc_file_room(FILES_MIN, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        return false;
    }
    if (uv_loop_init(&web->loop) != 0 || !web_board_init(&web->board, &err)) {
        mc_log(MC_LOG_ERROR, "cannot create the event loop");
        return false;
    }
    start_handles(web);
    const bool good = start(web, &err);
    if (good) {
        if (strncmp(web->options.listen.address, "127.", 4) != 0) {
            mc_log(MC_LOG_WARNING, "anyone who can reach %s sees the face: there is no password",
                   web->options.listen.address);
        }
        tell_address(web);
    } else {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        stop(web);
    }
    uv_run(&web->loop, UV_RUN_DEFAULT);
    web_server_destroy(web->server);
    uv_loop_close(&web->loop);
    web_board_finish(&web->board);
    return good;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct web *web = calloc(1, sizeof *web);
    if (web == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        return MC_EXIT_FAILED;
    }
    web->options = *(const struct web_options *)options;
    const bool good = serve(web);
    free(web);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static const struct mc_command program = {
        .name = "mocap-web",
        .summary = "serve a page that shows what mocapd publishes, with an avatar",
        .options = web_options_table,
        .defaults = &web_options_default,
        .options_size = sizeof(struct web_options),
        .run = run,
    };
    json_set_alloc_funcs(mc_reserve_alloc, mc_reserve_free);
    uv_replace_allocator(mc_reserve_alloc, mc_reserve_realloc, mc_reserve_calloc, mc_reserve_free);
    signal(SIGPIPE, SIG_IGN); // a failed write reports it instead
    return mc_command_main(&program, MOCAPD_VERSION, argc, argv);
}
