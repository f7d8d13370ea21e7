// The publisher on a real loop with real sockets: subscribers get what they asked for, slow
// ones miss records and learn how many, and none delays another.
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/buffer.h"
#include "protocol/message.h"
#include "protocol/record.h"
#include "protocol/stream_change.h"
#include "server/listener.h"
#include "server/publisher.h"
#include "server/rate_limit.h"

enum { READ_BYTES = 1 << 20, CONTROL_GROUP = 54321, NAMELESS_GROUP = 54322, NOBODY = 65534 };

static uv_loop_t loop;
static struct server_listener server;
static struct server_publisher *publisher;
static char directory[] = "/tmp/mocapd-test-XXXXXX";
static char path[64];
static struct server_limits limits = SERVER_LIMITS_DEFAULT;
static int subscribed, pressure_changes;
static int calibrating = -1; // the stream
static struct protocol_request calibrate;
static struct protocol_settings settings;
static struct protocol_stream_change stream_change;
static int added; // index of the stream added last
static bool held, finished, metrics_too_long, configuration_is_wrong;
static struct protocol_record record;

static int lookups; // of groups

struct group *__wrap_getgrgid(gid_t number);
struct group *__wrap_getgrgid(gid_t number)
{
    static char name[] = "operators";
    static struct group operators = { .gr_name = name, .gr_gid = CONTROL_GROUP };
    lookups++;
    return number == CONTROL_GROUP ? &operators : NULL;
}

static void on_subscribed(void *user, int count)
{
    (void)user;
    subscribed = count;
}

static void on_pressure(void *user, int stream, bool now_held)
{
    (void)user;
    assert_int_equal(stream, 0);
    held = now_held;
    pressure_changes++;
}

static bool on_calibrate(void *user, int stream, const struct protocol_request *request,
                         struct protocol_error *error)
{
    (void)user;
    calibrating = stream;
    calibrate = *request;
    if (strcmp(request->profile, "busy") == 0) {
        error->code = PROTOCOL_ERROR_BAD_REQUEST;
        snprintf(error->message, sizeof error->message, "busy");
        return false;
    }
    return true;
}

static bool on_calibration(void *user, int stream, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error)
{
    (void)user;
    (void)error;
    assert_int_equal(stream, 1);
    calibrate = *request;
    snprintf(calibration->profile, sizeof calibration->profile, "default");
    calibration->active = true;
    return true;
}

static bool on_settings(void *user, int stream, struct protocol_settings *given,
                        struct protocol_error *error)
{
    (void)user;
    (void)error;
    assert_int_equal(stream, 0);
    settings = *given;
    given->smooth = true;
    given->smooth_min_cutoff = 2;
    given->fov = 60;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        given->gains.values[i] = i == PROTOCOL_JAW_OPEN ? 1.5f : 1;
    }
    return true;
}

// "add" adds it; "remove" removes the stream called left; "set" is wrong.
static bool on_stream(void *user, const struct protocol_stream_change *given,
                      struct protocol_stream_changed *changed, struct protocol_error *error)
{
    (void)user;
    stream_change = *given;
    if (given->action == PROTOCOL_STREAM_SET) {
        error->code = PROTOCOL_ERROR_EXISTS;
        return false;
    }
    if (given->action == PROTOCOL_STREAM_ADD) {
        added = server_publisher_add_stream(publisher, given->stream);
    } else {
        server_publisher_remove_stream(publisher, 0, "not needed");
    }
    changed->changed = true;
    return true;
}

static bool on_reload(void *user, struct protocol_reloaded *reloaded, struct protocol_error *error)
{
    (void)user;
    if (configuration_is_wrong) {
        error->code = PROTOCOL_ERROR_CONFIGURATION;
        snprintf(error->message, sizeof error->message, "f.conf:1:1: no");
        return false;
    }
    reloaded->restart_count = 1;
    snprintf(reloaded->restart[0], sizeof reloaded->restart[0], "workers");
    return true;
}

static void on_status(void *user, int stream, struct protocol_stream_status *status)
{
    (void)user;
    status->drops.mailbox = 40 + (uint64_t)stream;
    status->connects = 3;
}

static void on_metrics(void *user, int stream, struct protocol_buffer *text)
{
    (void)user;
    protocol_buffer_text(text, "streams ");
    protocol_buffer_int(text, stream);
    for (int i = 0; metrics_too_long && i < PROTOCOL_MESSAGE_BYTES; i++) {
        protocol_buffer_text(text, "\n");
    }
}

static void on_finished(void *user)
{
    (void)user;
    finished = true;
}

static void on_connection(void *user, uv_stream_t *listener)
{
    (void)user;
    server_publisher_accept(publisher, listener);
}

static void start(bool every_frame)
{
    static const char streams[2][64] = { "left", "right" };
    const struct server_publisher_options options = {
        "test", streams, 2, 3, every_frame, limits, CONTROL_GROUP, NULL, NULL, 0,
    };
    const struct server_publisher_callbacks callbacks = {
        on_subscribed, on_pressure, on_calibrate, on_calibration, on_settings, on_stream,
        on_reload,     on_status,   on_metrics,   on_finished,    NULL,
    };
    struct mc_error err = { 0 };
    subscribed = pressure_changes = 0;
    held = finished = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    publisher = server_publisher_create(&loop, &options, &callbacks, &err);
    assert_non_null(publisher);
    server = (struct server_listener){ .on_connection = on_connection };
    if (!server_listener_open(&server, &loop, path, &err)) {
        fail_msg("%s", err.message);
    }
}

static void stop(void)
{
    server_listener_close(&server);
    server_publisher_finish(publisher);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(finished);
    server_publisher_destroy(publisher);
    assert_int_equal(uv_loop_close(&loop), 0);
}

// Lets the loop handle what is there, and what comes of it.
static void spin(void)
{
    for (int i = 0; i < 20; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static void on_timer(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

// The same for what it puts off, as it does while many ask for something: one round of a
// timer for each pause, however late they fire.
static void spin_through_pauses(void)
{
    for (int round = 0; round < 6; round++) {
        bool over = false;
        uv_timer_t timer = { .data = &over };
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, on_timer, SERVER_PAUSE_MS, 0);
        while (!over) {
            uv_run(&loop, UV_RUN_ONCE);
        }
        uv_close((uv_handle_t *)&timer, NULL);
        spin();
    }
}

static int connect_to_server(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int join(const char *request)
{
    int fd = connect_to_server();
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    spin_through_pauses();
    return fd;
}

// All that has come, as text.
static const char *received(int fd)
{
    static char text[READ_BYTES];
    size_t length = 0;
    for (;;) {
        ssize_t count = read(fd, text + length, sizeof text - 1 - length);
        if (count <= 0) {
            break;
        }
        length += (size_t)count;
        spin();
    }
    text[length] = '\0';
    return text;
}

// All that has come, but for the states of streams that are down: they are repeated every second.
static const char *received_once(int fd)
{
    static const char state[] = "{\"type\":\"state\",";
    static char text[READ_BYTES];
    char *end = text;
    for (const char *line = received(fd), *next; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        next += *next == '\n';
        if (strncmp(line, state, strlen(state)) != 0) {
            memcpy(end, line, (size_t)(next - line));
            end += next - line;
        }
    }
    *end = '\0';
    return text;
}

static int count_of(const char *text, const char *needle)
{
    int count = 0;
    for (; (text = strstr(text, needle)) != NULL; text++) {
        count++;
    }
    return count;
}

static void assert_has(const char *text, const char *needle)
{
    if (strstr(text, needle) == NULL) {
        fail_msg("has no '%s': %.300s", needle, text);
    }
}

static void publish(int stream, int count)
{
    for (int i = 0; i < count; i++) {
        server_publisher_record(publisher, stream, &record);
        record.seq++;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static void requests_get_their_replies(void **state)
{
    (void)state;
    start(false);
    int fd = join("{\"type\":\"ping\",\"id\":1}\n{\"type\":\"status\",\"id\":2}\n"
                  "{\"type\":\"subscribe\",\"id\":3,\"stream\":\"left\"}\nwhat\n"
                  "{\"type\":\"subscribe\",\"id\":4,\"stream\":\"up\"}\n"
                  "{\"type\":\"unsubscribe\",\"id\":5}\n");
    const char *text = received(fd);
    assert_memory_equal(text, "{\"type\":\"hello\",\"protocol\":[1,3],\"server\":\"test\"", 48);
    assert_has(text, "\"streams\":[\"left\",\"right\"]");
    assert_has(text, "{\"type\":\"pong\",\"id\":1}");
    assert_has(text, "{\"type\":\"status\",\"id\":2");
    assert_has(
        text, "\"drops\":{\"mailbox\":41,\"late\":0,\"decode\":0,\"subscriber\":0},\"connects\":3");
    assert_has(text, "{\"type\":\"subscribed\",\"id\":3,\"streams\":[\"left\"],\"encoding\":"
                     "\"json\",\"mode\":\"latest\"");
    assert_has(text, "{\"type\":\"state\",\"stream\":\"left\",\"state\":\"connecting\"");
    assert_has(text, "\"code\":\"bad-request\"");
    assert_has(text, "{\"type\":\"error\",\"id\":4,\"code\":\"unknown-stream\"");
    assert_has(text, "{\"type\":\"unsubscribed\",\"id\":5");
    assert_int_equal(subscribed, 0); // it has left again
    close(fd);
    stop();
}

static void a_calibration_is_answered_once_it_is_done(void **state)
{
    (void)state;
    start(false);
    int fd = join("{\"type\":\"calibrate\",\"id\":1,\"stream\":\"right\"}\n");
    assert_int_equal(calibrating, 1);
    assert_int_equal(count_of(received(fd), "\"id\":1"), 0); // not yet
    int other = join("{\"type\":\"calibrate\",\"id\":7,\"stream\":\"right\"}\n"
                     "{\"type\":\"calibrate\",\"id\":8,\"stream\":\"right\"}\n"
                     "{\"type\":\"calibrate\",\"id\":9}\n");
    const char *refused = received(other);
    assert_has(refused, "{\"type\":\"error\",\"id\":8,\"code\":\"bad-request\"");
    assert_has(refused, "{\"type\":\"error\",\"id\":9,\"code\":\"bad-request\"");
    const struct protocol_calibrated measured = { .faces = 1 };
    server_publisher_calibrated(publisher, 0, &measured); // another stream
    server_publisher_calibrated(publisher, 1, &measured);
    spin();
    assert_string_equal(received(fd),
                        "{\"type\":\"calibrated\",\"id\":1,\"stream\":\"right\",\"faces\":1}\n");
    assert_string_equal(received(other),
                        "{\"type\":\"calibrated\",\"id\":7,\"stream\":\"right\",\"faces\":1}\n");
    server_publisher_calibrated(publisher, 1, &measured); // nobody asks any more
    assert_int_equal(write(fd, "{\"type\":\"calibrate\",\"id\":2,\"stream\":\"left\"}\n", 45), 45);
    spin();
    const struct protocol_error no_face = { .code = PROTOCOL_ERROR_NO_FACE };
    server_publisher_not_calibrated(publisher, 0, &no_face);
    spin();
    assert_has(received(fd), "{\"type\":\"error\",\"id\":2,\"code\":\"no-face\"");
    close(fd);
    close(other);
    stop();
}

// True when the server has closed the connection; what it said last is in last.
static bool is_over(int fd, char *last, size_t size)
{
    snprintf(last, size, "%s", received(fd));
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

// As `echo … | socat` does: the connection lasts until the last reply.
static void a_half_closed_connection_gets_the_replies_it_awaits(void **state)
{
    (void)state;
    char text[4096];
    const struct protocol_calibrated measured = { .faces = 1 };
    const struct protocol_error no_face = { .code = PROTOCOL_ERROR_NO_FACE };
    start(false);
    int fd = join("{\"type\":\"calibrate\",\"id\":1,\"stream\":\"left\"}\n"
                  "{\"type\":\"calibrate\",\"id\":2,\"stream\":\"right\"}\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    spin_through_pauses();
    assert_false(is_over(fd, text, sizeof text));
    server_publisher_calibrated(publisher, 0, &measured);
    spin();
    assert_false(is_over(fd, text, sizeof text));
    assert_has(text, "{\"type\":\"calibrated\",\"id\":1,");
    server_publisher_not_calibrated(publisher, 1, &no_face);
    spin();
    assert_true(is_over(fd, text, sizeof text));
    assert_has(text, "{\"type\":\"error\",\"id\":2,\"code\":\"no-face\"");
    close(fd);
    stop();
}

// Of two connections, neither of which subscribes, the one that awaits a reply keeps its place.
static void a_connection_that_awaits_a_reply_gives_no_way(void **state)
{
    (void)state;
    char text[4096];
    const struct protocol_calibrated measured = { .faces = 1 };
    limits.connections = limits.connections_per_user = 2;
    start(false);
    int fd = join("{\"type\":\"calibrate\",\"id\":1,\"stream\":\"left\"}\n");
    int idle = join("{\"type\":\"ping\",\"id\":1}\n");
    int third = join("{\"type\":\"ping\",\"id\":1}\n");
    assert_true(is_over(idle, text, sizeof text));
    assert_has(text, "\"too-many\"");
    server_publisher_calibrated(publisher, 0, &measured);
    spin();
    assert_false(is_over(fd, text, sizeof text));
    assert_has(text, "{\"type\":\"calibrated\",\"id\":1,");
    int fourth = join("{\"type\":\"ping\",\"id\":1}\n"); // it was the first to ask
    assert_true(is_over(fd, text, sizeof text));
    close(fd), close(idle), close(third), close(fourth);
    stop();
    limits = (struct server_limits)SERVER_LIMITS_DEFAULT;
}

static void ask(int fd, const char *request)
{
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    spin_through_pauses();
}

// Whoever subscribed to all streams gets the new one, in the way asked for; others are told.
static void streams_come_while_connections_are_open(void **state)
{
    (void)state;
    start(false);
    int all = join("{\"type\":\"subscribe\",\"max_rate\":5}\n");
    int one = join("{\"type\":\"subscribe\",\"stream\":\"right\"}\n");
    int none = join("{\"type\":\"ping\"}\n");
    received(all), received(one), received(none);
    ask(none, "{\"type\":\"stream\",\"id\":1,\"action\":\"add\",\"stream\":\"up\",\"options\":"
              "{\"url\":\"demo:\",\"max-faces\":2,\"mirror\":true,\"fov\":60.5}}\n");
    assert_int_equal(added, 2);
    assert_int_equal(stream_change.option_count, 4);
    assert_string_equal(stream_change.options[1].name, "max-faces");
    assert_string_equal(stream_change.options[1].value, "2");
    assert_string_equal(stream_change.options[2].value, "yes");
    assert_string_equal(stream_change.options[3].value, "60.5");
    static const char streams[] =
        "{\"type\":\"streams\",\"streams\":[\"left\",\"right\",\"up\"]}\n";
    char text[256];
    snprintf(
        text, sizeof text, "%s%s", streams,
        "{\"type\":\"stream\",\"id\":1,\"action\":\"add\",\"stream\":\"up\",\"changed\":true}\n");
    assert_string_equal(received(none), text);
    const char *news = received(one);
    assert_has(news, streams);
    assert_null(strstr(news, "\"stream\":\"up\""));
    news = received(all);
    assert_has(news, streams);
    assert_has(news,
               "{\"type\":\"state\",\"stream\":\"up\",\"state\":\"connecting\",\"reason\":\"\"}\n");
    publish(added, 1);
    publish(added, 1); // beyond its rate limit
    const char *records = received(all);
    assert_int_equal(count_of(records, "\"type\":\"motion\""), 1);
    assert_string_equal(received_once(one), "");
    assert_int_equal(server_publisher_count(publisher, added), 1);
    close(all), close(one), close(none);
    stop();
}

// Its subscribers get the end, and the place is free for another stream, whose messages are its
// own.
static void a_stream_that_goes_leaves_nothing_behind(void **state)
{
    (void)state;
    start(false);
    int left = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    int slow = join("{\"type\":\"subscribe\",\"mode\":\"queue\",\"queue\":1000}\n");
    received(left);
    publish(0, 500); // more than the kernel holds for the slow one
    ask(left, "{\"type\":\"calibrate\",\"id\":3,\"stream\":\"left\"}\n");
    received(left);
    ask(left, "{\"type\":\"stream\",\"id\":4,\"action\":\"remove\",\"stream\":\"left\"}\n");
    const char *text = received(left);
    assert_has(text, "{\"type\":\"error\",\"id\":3,\"code\":\"unknown-stream\"");
    assert_has(text, "\"state\":\"ended\",\"reason\":\"not needed\"");
    assert_has(text, "{\"type\":\"end\",\"stream\":\"left\",\"records\":500,");
    assert_has(text, "{\"type\":\"streams\",\"streams\":[\"right\"]}");
    ask(left, "{\"type\":\"stream\",\"id\":5,\"action\":\"add\",\"stream\":\"new\"}\n");
    assert_int_equal(added, 0);
    assert_int_equal(server_publisher_count(publisher, 0), 1); // the slow one follows all
    publish(0, 1);
    ask(left, "{\"type\":\"subscribe\",\"id\":6,\"stream\":\"left\"}\n");
    assert_has(received(left), "stream: must be one of new, right, got 'left'");
    server_publisher_state(publisher, 0, PROTOCOL_STREAM_ENDED, "");
    server_publisher_end(publisher, 0);
    text = received(slow);
    assert_has(text, "{\"type\":\"end\",\"stream\":\"left\",\"records\":500,");
    assert_has(text, "{\"type\":\"end\",\"stream\":\"new\",\"records\":1,");
    close(left), close(slow);
    stop();
}

static void there_are_at_most_64_streams(void **state)
{
    (void)state;
    start(false);
    for (int i = 2; i < PROTOCOL_STREAMS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        assert_int_equal(server_publisher_add_stream(publisher, name), i);
    }
    assert_int_equal(server_publisher_add_stream(publisher, "more"), -1);
    server_publisher_remove_stream(publisher, 7, "");
    assert_int_equal(server_publisher_add_stream(publisher, "more"), 7);
    stop();
}

static void wrong_stream_requests_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *message;
    } cases[] = {
        { "\"stream\":\"a\"", "action: must be add, remove or set" },
        { "\"action\":\"drop\",\"stream\":\"a\"", "action: must be add, remove or set" },
        { "\"action\":\"add\"", "stream: must be a name" },
        { "\"action\":\"add\",\"stream\":7", "stream: must be" },
        { "\"action\":\"add\",\"stream\":\"a\",\"options\":[]", "options: must be an object" },
        { "\"action\":\"add\",\"stream\":\"a\",\"options\":{\"url\":null}",
          "options: url must be a text of at most 1023 bytes" },
        { "\"action\":\"add\",\"stream\":\"a\",\"options\":{\"url\":[\"x\"]}",
          "options: url must be" },
        { "\"action\":\"add\",\"stream\":\"a\",\"options\":{\"a-name-of-more-than-31-characters\":"
          "1}",
          "options: a name must be at most 31 bytes" },
    };
    start(false);
    int fd = join("");
    received(fd);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[1400];
        stream_change.option_count = -1;
        snprintf(request, sizeof request, "{\"type\":\"stream\",\"id\":%zu,%s}\n", i,
                 cases[i].fields);
        ask(fd, request);
        const char *text = received(fd);
        assert_has(text, "\"code\":\"bad-request\"");
        assert_has(text, cases[i].message);
        assert_int_equal(stream_change.option_count, -1); // nobody was asked
    }
    char many[1400] = "{\"type\":\"stream\",\"action\":\"add\",\"stream\":\"a\",\"options\":{";
    for (int i = 0; i <= PROTOCOL_OPTIONS_MAX; i++) {
        const size_t length = strlen(many);
        snprintf(many + length, sizeof many - length, "%s\"o%d\":1", i == 0 ? "" : ",", i);
    }
    strcat(many, "}}\n");
    ask(fd, many);
    assert_has(received(fd), "options: must be at most 24");
    snprintf(many, sizeof many,
             "{\"type\":\"stream\",\"action\":\"add\",\"stream\":\"a\",\"options\":{\"url\":\"%0*"
             "d\"}}\n",
             PROTOCOL_OPTION_VALUE_BYTES, 0);
    ask(fd, many);
    assert_has(received(fd), "options: url must be a text of at most 1023 bytes");
    close(fd);
    stop();
}

static void a_reload_says_what_is_left_to_the_next_start(void **state)
{
    (void)state;
    start(false);
    int fd = join("{\"type\":\"reload\",\"id\":1}\n");
    assert_has(received(fd), "{\"type\":\"reloaded\",\"id\":1,\"added\":[],\"changed\":[],"
                             "\"removed\":[],\"restart\":[\"workers\"]}\n");
    configuration_is_wrong = true;
    ask(fd, "{\"type\":\"reload\",\"id\":2}\n");
    configuration_is_wrong = false;
    assert_string_equal(received(fd), "{\"type\":\"error\",\"id\":2,\"code\":\"configuration\","
                                      "\"message\":\"f.conf:1:1: no\"}\n");
    close(fd);
    stop();
}

static void settings_are_changed_and_shown(void **state)
{
    (void)state;
    start(false);
    int fd = join("{\"type\":\"settings\",\"id\":1,\"stream\":\"left\",\"smooth\":false,"
                  "\"smooth_beta\":5,\"fov\":\"auto\",\"gains\":{\"jawOpen\":2}}\n");
    assert_int_equal(settings.given,
                     PROTOCOL_SETTING_SMOOTH | PROTOCOL_SETTING_BETA | PROTOCOL_SETTING_FOV);
    assert_false(settings.smooth);
    assert_true(settings.gains.known == UINT64_C(1) << PROTOCOL_JAW_OPEN);
    assert_has(received(fd), "{\"type\":\"settings\",\"id\":1,\"stream\":\"left\",\"smooth\":true,"
                             "\"smooth_min_cutoff\":2.000,\"smooth_beta\":5.000,\"fov\":60.00,"
                             "\"gains\":{\"jawOpen\":1.500},\"changed\":false}\n");
    static const char *const bad[] = {
        "\"smooth\":1",
        "\"smooth_min_cutoff\":0",
        "\"smooth_beta\":-1",
        "\"smooth_beta\":\"5\"",
        "\"fov\":4",
        "\"fov\":\"wide\"",
        "\"gains\":[]",
        "\"gains\":{\"earWiggle\":1}",
        "\"gains\":{\"jawOpen\":3.1}",
        "\"gains\":{\"jawOpen\":true}",
        "\"reset\":0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char request[256];
        snprintf(request, sizeof request, "{\"type\":\"settings\",\"stream\":\"left\",%s}\n",
                 bad[i]);
        int refused = join(request);
        assert_has(received(refused), "\"code\":\"bad-request\"");
        close(refused);
    }
    close(fd);
    stop();
}

// The reply to a request sent by a process of another user, who belongs to the group.
static const char *ask_as_nobody(gid_t group, const char *request)
{
    assert_int_equal(setgroups(1, &group), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    int fd = connect_to_server();
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    spin_through_pauses();
    const char *reply = received(fd);
    close(fd);
    return reply;
}

static void the_control_group_may_change_what_others_may_only_see(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip(); // only root can become somebody else
    }
    start(false);
    assert_int_equal(chmod(directory, 0711), 0);
    assert_int_equal(chmod(path, 0666), 0);
    const char *change = "{\"type\":\"settings\",\"stream\":\"left\",\"smooth\":true}\n";
    const char *measure = "{\"type\":\"calibrate\",\"stream\":\"right\",\"action\":\"reset\"}\n";
    assert_has(ask_as_nobody(NOBODY, change), "\"code\":\"forbidden\"");
    assert_has(ask_as_nobody(NOBODY, measure), "\"code\":\"forbidden\"");
    const char *add = "{\"type\":\"stream\",\"action\":\"add\",\"stream\":\"up\"}\n";
    const char *reload = "{\"type\":\"reload\"}\n";
    added = -1;
    assert_has(ask_as_nobody(NOBODY, add), "\"code\":\"forbidden\"");
    assert_int_equal(added, -1);
    assert_has(ask_as_nobody(NOBODY, reload), "\"code\":\"forbidden\"");
    assert_has(ask_as_nobody(CONTROL_GROUP, add), "{\"type\":\"stream\",");
    assert_has(ask_as_nobody(CONTROL_GROUP, reload), "{\"type\":\"reloaded\",");
    assert_has(ask_as_nobody(NOBODY, "{\"type\":\"settings\",\"stream\":\"left\"}\n"),
               "{\"type\":\"settings\"");
    assert_has(ask_as_nobody(CONTROL_GROUP, change), "{\"type\":\"settings\"");
    assert_has(ask_as_nobody(CONTROL_GROUP, measure), "{\"type\":\"calibration\"");
    stop();
}

// A directory service that hangs must not stop the streams: any user may send what is refused.
static void a_refusal_names_the_group_without_looking_it_up(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip(); // only root can become somebody else
    }
    start(false);
    const char *change = "{\"type\":\"settings\",\"stream\":\"left\",\"smooth\":true}\n";
    assert_int_equal(chmod(directory, 0711), 0);
    assert_int_equal(chmod(path, 0666), 0);
    lookups = 0;
    assert_has(ask_as_nobody(NOBODY, change),
               "in the group operators, got uid 65534; to join: sudo "
               "usermod -aG operators USER");
    assert_has(ask_as_nobody(NOBODY, change), "in the group operators");
    assert_int_equal(lookups, 0);
    server_publisher_set_limits(publisher, &limits, NAMELESS_GROUP);
    lookups = 0;
    assert_has(ask_as_nobody(NOBODY, change), "in the group 54322, got uid 65534\"");
    assert_int_equal(lookups, 0);
    server_publisher_set_limits(publisher, &limits, 0);
    assert_has(ask_as_nobody(NOBODY, change), "mocapd's option control-group names a group");
    stop();
}

static void calibrations_are_ranged_shown_and_refused(void **state)
{
    (void)state;
    start(false);
    int fd = join("{\"type\":\"calibrate\",\"id\":1,\"stream\":\"right\",\"action\":\"range\","
                  "\"profile\":\"anna\",\"shapes\":[\"jawOpen\"]}\n");
    assert_int_equal(calibrate.action, PROTOCOL_CALIBRATE_RANGE);
    assert_true(calibrate.shapes == UINT64_C(1) << PROTOCOL_JAW_OPEN);
    assert_string_equal(calibrate.profile, "anna");
    struct protocol_calibrated ranged = { .faces = 1, .profile = "anna", .range_count = 1 };
    ranged.ranges[0].peaks.known = ranged.ranges[0].gains.known = calibrate.shapes;
    ranged.ranges[0].peaks.values[PROTOCOL_JAW_OPEN] = 0.5f;
    ranged.ranges[0].gains.values[PROTOCOL_JAW_OPEN] = 2;
    server_publisher_calibrated(publisher, 1, &ranged);
    spin();
    assert_has(received(fd), "{\"type\":\"calibrated\",\"id\":1,\"stream\":\"right\",\"faces\":1,"
                             "\"profile\":\"anna\",\"ranges\":[{\"peaks\":{\"jawOpen\":0.5000},"
                             "\"gains\":{\"jawOpen\":2.0000}}]}\n");
    int other =
        join("{\"type\":\"calibrate\",\"id\":2,\"stream\":\"right\",\"action\":\"show\"}\n");
    assert_has(received(other),
               "{\"type\":\"calibration\",\"id\":2,\"stream\":\"right\",\"profile\":"
               "\"default\",\"active\":true,\"faces\":[],\"shapes\":[],\"profiles\":[]}\n");
    static const char *const bad[] = {
        "\"action\":\"dance\"",
        "\"action\":3",
        "\"action\":\"use\"",
        "\"action\":\"use\",\"profile\":\"../x\"",
        "\"action\":\"use\",\"profile\":\"\"",
        "\"profile\":7",
        "\"action\":\"range\"",
        "\"action\":\"range\",\"shapes\":[]",
        "\"action\":\"range\",\"shapes\":[\"earWiggle\"]",
        "\"action\":\"range\",\"shapes\":[1]",
        "\"profile\":\"busy\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char request[256];
        snprintf(request, sizeof request, "{\"type\":\"calibrate\",\"stream\":\"right\",%s}\n",
                 bad[i]);
        int refused = join(request);
        const char *reply = received(refused);
        assert_has(reply, "{\"type\":\"error\"");
        assert_has(reply, i == 0 ? "\"unsupported\"" : "\"bad-request\"");
        close(refused);
    }
    close(fd);
    close(other);
    stop();
}

static void records_go_to_those_who_asked(void **state)
{
    (void)state;
    start(false);
    int all = join("{\"type\":\"subscribe\"}\n");
    int left = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    int none = join("{\"type\":\"ping\"}\n");
    assert_int_equal(subscribed, 2);
    snprintf(record.stream, sizeof record.stream, "left");
    publish(0, 1);
    snprintf(record.stream, sizeof record.stream, "right");
    publish(1, 1);
    server_publisher_state(publisher, 0, PROTOCOL_STREAM_ENDED, "");
    server_publisher_end(publisher, 0);
    spin();
    const char *text = received(all);
    assert_int_equal(count_of(text, "\"type\":\"motion\""), 2);
    assert_int_equal(count_of(text, "\"type\":\"end\""), 1);
    text = received(left);
    assert_int_equal(count_of(text, "\"type\":\"motion\""), 1);
    assert_has(text, "{\"type\":\"end\",\"stream\":\"left\",\"records\":1,\"state\":\"ended\"");
    assert_int_equal(count_of(received(none), "\"type\":\"motion\""), 0);
    // A late subscriber learns that it has ended.
    int late = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    assert_has(received(late), "\"type\":\"end\"");
    close(all);
    close(left);
    close(none);
    close(late);
    stop();
}

// Dense points are sent on request alone, gaze unless other parts are asked for.
static void dense_points_go_to_those_who_asked(void **state)
{
    (void)state;
    start(false);
    int usual = join("{\"type\":\"subscribe\"}\n");
    int dense = join("{\"type\":\"subscribe\",\"include\":[\"dense\",\"whatever\"]}\n");
    assert_has(received(dense), "\"include\":[\"dense\"]");
    assert_has(received(usual), "\"shapes\",\"timing\",\"gaze\"]");
    record.face_count = 1;
    record.faces[0].has_gaze = record.faces[0].has_dense = true;
    record.faces[0].dense_count = 1;
    record.faces[0].dense[0] = (struct mc_keypoint){ 1, 2, 0.5f };
    publish(0, 1);
    record.faces[0].has_gaze = record.faces[0].has_dense = false;
    const char *text = received(usual);
    assert_int_equal(count_of(text, "\"gaze\""), 1);
    assert_int_equal(count_of(text, "\"dense\""), 0);
    text = received(dense);
    assert_int_equal(count_of(text, "\"dense\":[[1.00,2.00,0.500]]"), 1);
    assert_int_equal(count_of(text, "\"gaze\"") + count_of(text, "\"keypoints\""), 0);
    close(usual);
    close(dense);
    stop();
}

static void metrics_come_as_text_and_too_many_are_refused(void **state)
{
    (void)state;
    start(false);
    int fd = join("{\"type\":\"metrics\",\"id\":1}\n"
                  "{\"type\":\"metrics\",\"id\":2,\"stream\":\"right\"}\n");
    const char *text = received(fd);
    assert_has(text, "{\"type\":\"metrics\",\"id\":1,\"text\":\"streams -1\"}");
    assert_has(text, "{\"type\":\"metrics\",\"id\":2,\"text\":\"streams 1\"}");
    metrics_too_long = true;
    close(fd);
    fd = join("{\"type\":\"metrics\",\"id\":3}\n");
    assert_has(received(fd), "{\"type\":\"error\",\"id\":3,\"code\":\"unsupported\"");
    metrics_too_long = false;
    close(fd);
    stop();
}

// The records' counts of missed ones, added up; seen: how many records those are.
static long sum_missed(const char *text, int *seen)
{
    long missed = 0;
    for (*seen = 0; (text = strstr(text, "\"missed\":")) != NULL; ++*seen) {
        text += strlen("\"missed\":");
        missed += strtol(text, NULL, 10);
    }
    return missed;
}

// One that does not read, beside one that does.
static void a_slow_reader_misses_records_and_is_told(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    start(false);
    record.face_count = 1;
    record.faces[0].keypoint_count = 68;
    int slow = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    int quick = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    int got = 0;
    for (int i = 0; i < COUNT; i++) {
        publish(0, 1);
        const char *text = received(quick);
        assert_null(strstr(text, "\"missed\":1"));
        got += count_of(text, "\"type\":\"motion\"");
    }
    assert_int_equal(got, COUNT);
    int seen;
    long missed = sum_missed(received(slow), &seen);
    assert_true(seen > 0 && seen < COUNT / 2);
    assert_true(missed > 0);
    assert_int_equal(seen + missed, COUNT); // every record is accounted for
    record.face_count = 0;
    close(slow);
    close(quick);
    stop();
}

// Each subscribe drops the queued records: they count as missed, once.
static void subscribing_again_while_blocked_counts_each_record_once(void **state)
{
    (void)state;
    enum { ROUNDS = 3, COUNT = 500 };
    static const char again[] = "{\"type\":\"subscribe\",\"stream\":\"left\"}\n";
    start(false);
    int fd = join(again), seen;
    for (int i = 0; i < ROUNDS; i++) {
        publish(0, COUNT);
        assert_int_equal(write(fd, again, strlen(again)), strlen(again));
        spin_through_pauses();
    }
    publish(0, COUNT);
    const char *text = received(fd);
    assert_int_equal(count_of(text, "\"type\":\"subscribed\""), ROUNDS + 1);
    long missed = sum_missed(text, &seen);
    assert_true(seen < COUNT); // it was blocked from the first round on
    assert_int_equal(seen + missed, (ROUNDS + 1) * COUNT);
    close(fd);
    stop();
}

// What the only connection is told that it missed is what the stream's counter says.
static void what_a_subscriber_missed_is_counted_for_the_stream(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "{\"type\":\"subscribe\",\"stream\":\"left\"}\n",
        "{\"type\":\"subscribe\",\"stream\":\"right\",\"encoding\":\"cbor\"}\n",
        "{\"type\":\"unsubscribe\"}\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        static const char ask[] =
            "{\"type\":\"subscribe\",\"encoding\":\"json\"}\n{\"type\":\"status\"}\n";
        static struct protocol_status status;
        char told[40];
        start(false);
        int fd = join("{\"type\":\"subscribe\",\"stream\":\"left\",\"mode\":\"queue\"}\n");
        publish(0, 2000);
        assert_int_equal(write(fd, requests[i], strlen(requests[i])), strlen(requests[i]));
        spin_through_pauses();
        server_publisher_status(publisher, &status);
        assert_true(status.streams[0].drops.subscriber > 0);
        received(fd);
        assert_int_equal(write(fd, ask, strlen(ask)), strlen(ask));
        spin_through_pauses();
        snprintf(told, sizeof told, "\"missed\":%d,", (int)status.streams[0].drops.subscriber);
        const char *text = received(fd);
        const char *reply = memmem(text, READ_BYTES - 1, "{\"type\":\"status\"", 16);
        assert_non_null(reply);
        assert_has(reply, told);
        close(fd);
        stop();
    }
}

static void with_every_frame_a_slow_reader_holds_the_stream(void **state)
{
    (void)state;
    start(true);
    record.face_count = 1;
    record.faces[0].keypoint_count = 68;
    int fd = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    int published = 0;
    while (!held && published < 5000) {
        publish(0, 1);
        published++;
    }
    assert_true(held);
    publish(0, SERVER_IN_FLIGHT_MAX); // what was being made when it was held
    published += SERVER_IN_FLIGHT_MAX;
    const char *text = received(fd);
    assert_has(text, "\"mode\":\"every-frame\"");
    assert_int_equal(count_of(text, "\"type\":\"motion\""), published);
    assert_int_equal(count_of(text, "\"missed\":0}"), published);
    assert_false(held);
    assert_int_equal(pressure_changes, 2);
    record.face_count = 0;
    close(fd);
    stop();
}

// Two readers: one that keeps up, and one that stops reading and then gives up its place in
// the stream in some way. The stream must go on for the first.
static void a_reader_that_gives_up_releases_the_stream(const char *request)
{
    start(true);
    record.face_count = 1;
    record.faces[0].keypoint_count = 68;
    int good = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    int stuck = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    for (int i = 0; !held && i < 5000; i++) {
        publish(0, 1);
        received(good);
    }
    assert_true(held);
    if (request == NULL) {
        close(stuck);
    } else {
        assert_int_equal(write(stuck, request, strlen(request)), strlen(request));
    }
    spin_through_pauses();
    assert_false(held);
    publish(0, 1);
    assert_int_equal(count_of(received(good), "\"type\":\"motion\""), 1);
    record.face_count = 0;
    close(good);
    if (request != NULL) {
        close(stuck);
    }
    stop();
}

static void an_unsubscribed_reader_releases_the_stream(void **state)
{
    (void)state;
    a_reader_that_gives_up_releases_the_stream("{\"type\":\"unsubscribe\"}\n");
    a_reader_that_gives_up_releases_the_stream("{\"type\":\"unsubscribe\",\"stream\":\"left\"}\n");
}

static void a_changed_subscription_releases_the_stream(void **state)
{
    (void)state;
    a_reader_that_gives_up_releases_the_stream("{\"type\":\"subscribe\"}\n");
    a_reader_that_gives_up_releases_the_stream("{\"type\":\"subscribe\",\"mode\":\"latest\"}\n");
    a_reader_that_gives_up_releases_the_stream("{\"type\":\"subscribe\",\"max_rate\":1}\n");
    // A change of encoding through another stream purges this one, too.
    a_reader_that_gives_up_releases_the_stream(
        "{\"type\":\"subscribe\",\"stream\":\"right\",\"encoding\":\"cbor\"}\n");
}

static void a_closed_reader_releases_the_stream(void **state)
{
    (void)state;
    a_reader_that_gives_up_releases_the_stream(NULL);
}

static void finishing_lets_readers_have_what_waits(void **state)
{
    (void)state;
    start(true);
    int fd = join("{\"type\":\"subscribe\",\"stream\":\"left\"}\n");
    publish(0, 30);
    server_publisher_state(publisher, 0, PROTOCOL_STREAM_ENDED, "");
    server_publisher_end(publisher, 0);
    server_listener_close(&server);
    server_publisher_finish(publisher);
    spin();
    const char *text = received(fd);
    assert_int_equal(count_of(text, "\"type\":\"motion\""), 30);
    assert_int_equal(count_of(text, "\"type\":\"end\""), 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(finished);
    close(fd);
    server_publisher_destroy(publisher);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/s", directory);
    signal(SIGPIPE, SIG_IGN); // as the daemon does
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(directory); // the socket is gone: else this fails
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_get_their_replies),
        cmocka_unit_test(a_calibration_is_answered_once_it_is_done),
        cmocka_unit_test(a_half_closed_connection_gets_the_replies_it_awaits),
        cmocka_unit_test(a_connection_that_awaits_a_reply_gives_no_way),
        cmocka_unit_test(calibrations_are_ranged_shown_and_refused),
        cmocka_unit_test(streams_come_while_connections_are_open),
        cmocka_unit_test(a_stream_that_goes_leaves_nothing_behind),
        cmocka_unit_test(there_are_at_most_64_streams),
        cmocka_unit_test(wrong_stream_requests_are_refused),
        cmocka_unit_test(a_reload_says_what_is_left_to_the_next_start),
        cmocka_unit_test(settings_are_changed_and_shown),
        cmocka_unit_test(the_control_group_may_change_what_others_may_only_see),
        cmocka_unit_test(a_refusal_names_the_group_without_looking_it_up),
        cmocka_unit_test(records_go_to_those_who_asked),
        cmocka_unit_test(dense_points_go_to_those_who_asked),
        cmocka_unit_test(metrics_come_as_text_and_too_many_are_refused),
        cmocka_unit_test(a_slow_reader_misses_records_and_is_told),
        cmocka_unit_test(subscribing_again_while_blocked_counts_each_record_once),
        cmocka_unit_test(what_a_subscriber_missed_is_counted_for_the_stream),
        cmocka_unit_test(with_every_frame_a_slow_reader_holds_the_stream),
        cmocka_unit_test(an_unsubscribed_reader_releases_the_stream),
        cmocka_unit_test(a_changed_subscription_releases_the_stream),
        cmocka_unit_test(a_closed_reader_releases_the_stream),
        cmocka_unit_test(finishing_lets_readers_have_what_waits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
