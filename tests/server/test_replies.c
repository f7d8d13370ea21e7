// Replies take a bounded amount of memory, whether they are read or not; and where memory runs out,
// nobody waits in vain: the connection is closed. A real loop, real sockets.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/encode.h"
#include "protocol/stream_change.h"
#include "server/message.h"
#include "server/publisher.h"
#include "tests/server/server_fixture.h"

enum {
    READ_BYTES = 1 << 21,
    LARGE_BYTES = 200 * 1000, // of metrics
    SMALL_BYTES = 1000,
};

static struct protocol_record record;
static int metrics_bytes, metrics_count, status_count;

// ---- allocations that fail

static int fails_in; // 0: none does

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static bool fails(void)
{
    return fails_in > 0 && --fails_in == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

// Most messages take over memory that others have left: these fail, too.
struct server_message *__real_server_message_acquire(struct server_message_pool *pool,
                                                     enum protocol_encoding encoding);
struct server_message *__wrap_server_message_acquire(struct server_message_pool *pool,
                                                     enum protocol_encoding encoding);
struct server_message *__real_server_shared_message_get(struct server_shared_message *shared,
                                                        enum protocol_encoding encoding);
struct server_message *__wrap_server_shared_message_get(struct server_shared_message *shared,
                                                        enum protocol_encoding encoding);

struct server_message *__wrap_server_message_acquire(struct server_message_pool *pool,
                                                     enum protocol_encoding encoding)
{
    return fails() ? NULL : __real_server_message_acquire(pool, encoding);
}

struct server_message *__wrap_server_shared_message_get(struct server_shared_message *shared,
                                                        enum protocol_encoding encoding)
{
    return fails() ? NULL : __real_server_shared_message_get(shared, encoding);
}

// ---- a server that knows all requests

static void on_metrics(void *user, int stream, struct protocol_buffer *text)
{
    (void)user;
    (void)stream;
    metrics_count++;
    for (int i = 0; i < metrics_bytes; i++) {
        protocol_buffer_bytes(text, "m", 1);
    }
}

static void on_status(void *user, int stream, struct protocol_stream_status *status)
{
    (void)user;
    (void)stream;
    (void)status;
    status_count++;
}

static bool on_calibration(void *user, int stream, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error)
{
    (void)user;
    (void)stream;
    (void)request;
    (void)error;
    snprintf(calibration->profile, sizeof calibration->profile, "default");
    return true;
}

static bool on_calibrate(void *user, int stream, const struct protocol_request *request,
                         struct protocol_error *error)
{
    (void)user;
    (void)stream;
    (void)request;
    (void)error;
    return true;
}

static bool on_settings(void *user, int stream, struct protocol_settings *settings,
                        struct protocol_error *error)
{
    (void)user;
    (void)stream;
    (void)settings;
    (void)error;
    return true;
}

static void remove_stream(const char *name)
{
    const int stream = server_publisher_find_stream(publisher, name);
    if (stream >= 0) {
        server_publisher_remove_stream(publisher, stream, "not needed");
    }
}

static bool on_stream(void *user, const struct protocol_stream_change *change,
                      struct protocol_stream_changed *changed, struct protocol_error *error)
{
    (void)user;
    (void)error;
    changed->changed = true;
    if (change->action == PROTOCOL_STREAM_ADD) {
        return server_publisher_add_stream(publisher, change->stream) >= 0;
    }
    remove_stream(change->stream);
    return true;
}

static bool on_reload(void *user, struct protocol_reloaded *reloaded, struct protocol_error *error)
{
    (void)user;
    (void)reloaded;
    (void)error;
    return true;
}

static void start(size_t pending_bytes)
{
    struct server_limits limits = SERVER_LIMITS_DEFAULT;
    limits.pending_bytes = pending_bytes;
    server_fixture_callbacks.on_metrics = on_metrics;
    server_fixture_callbacks.on_status = on_status;
    server_fixture_callbacks.on_calibrate = on_calibrate;
    server_fixture_callbacks.on_calibration = on_calibration;
    server_fixture_callbacks.on_settings = on_settings;
    server_fixture_callbacks.on_stream = on_stream;
    server_fixture_callbacks.on_reload = on_reload;
    server_fixture_start(&limits);
    metrics_count = status_count = 0;
    memset(&record, 0, sizeof record);
    snprintf(record.stream, sizeof record.stream, "m");
}

static void publish(int count)
{
    for (int i = 0; i < count; i++) {
        server_publisher_record(publisher, 0, &record);
        record.seq++;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

struct received {
    char text[READ_BYTES];
    size_t length;
    bool closed;
};

static void forget(struct received *received)
{
    received->length = 0;
    received->closed = false;
}

static void receive(int fd, struct received *received)
{
    ssize_t count;
    do {
        count = read(fd, received->text + received->length, READ_BYTES - 1 - received->length);
        received->length += count > 0 ? (size_t)count : 0;
        uv_run(&loop, UV_RUN_NOWAIT);
    } while (count > 0);
    received->closed = received->closed || count == 0;
    received->text[received->length] = '\0';
}

// Until there are so many of what is looked for, or the server has closed the connection.
static const char *await(int fd, struct received *received, const char *needle, int count)
{
    while (!received->closed) {
        int found = 0;
        receive(fd, received);
        for (const char *at = received->text; (at = strstr(at, needle)) != NULL; at++) {
            found++;
        }
        if (found >= count) {
            return strstr(received->text, needle);
        }
        uv_run(&loop, UV_RUN_ONCE);
    }
    return strstr(received->text, needle);
}

// ---- replies that are not read

static void one_large_reply_waits_for_a_client(void **state)
{
    (void)state;
    static struct received received;
    forget(&received);
    metrics_bytes = LARGE_BYTES;
    start(32 << 20);
    int fd = server_fixture_join(
        "{\"type\":\"metrics\"}\n{\"type\":\"metrics\"}\n{\"type\":\"metrics\"}\n");
    assert_int_equal(metrics_count, 1);
    await(fd, &received, "{\"type\":\"metrics\"", 3);
    assert_int_equal(metrics_count, 3);
    assert_false(received.closed);
    close(fd);
    server_fixture_stop();
}

// Connections that hold large replies leave the others small ones.
static void all_clients_together_are_within_the_budget(void **state)
{
    (void)state;
    static struct received received;
    metrics_bytes = LARGE_BYTES;
    start(2 * LARGE_BYTES);
    int holder = server_fixture_join("{\"type\":\"metrics\"}\n");
    int asker = server_fixture_join("{\"type\":\"metrics\",\"id\":7}\n");
    forget(&received);
    assert_non_null(
        await(asker, &received, "{\"type\":\"error\",\"id\":7,\"code\":\"too-many\"", 1));
    await(asker, &received, "nothing more", 1);
    assert_true(received.closed);
    metrics_bytes = SMALL_BYTES;
    int modest = server_fixture_join("{\"type\":\"metrics\",\"id\":8}\n");
    forget(&received);
    assert_non_null(await(modest, &received, "{\"type\":\"metrics\",\"id\":8", 1));
    forget(&received);
    assert_non_null(await(holder, &received, "m\"}\n", 1));
    close(holder);
    close(asker);
    close(modest);
    server_fixture_stop();
}

// Small ones add up, too.
static void above_the_budget_a_client_reads_a_reply_before_the_next(void **state)
{
    (void)state;
    static struct received received;
    static const char requests[] = "{\"type\":\"status\"}\n{\"type\":\"status\"}\n";
    start(1);
    int fd = server_fixture_join("{\"type\":\"subscribe\",\"include\":[]}\n");
    publish(2000); // more than the kernel takes
    assert_int_equal(write(fd, requests, strlen(requests)), strlen(requests));
    server_fixture_spin();
    assert_int_equal(status_count, 1);
    forget(&received);
    await(fd, &received, "{\"type\":\"status\"", 2);
    assert_int_equal(status_count, 2);
    close(fd);
    server_fixture_stop();
}

static void the_memory_of_large_messages_is_given_back(void **state)
{
    (void)state;
    struct server_message_pool pool = { 0 };
    const size_t sizes[] = { SMALL_BYTES, LARGE_BYTES };
    for (int i = 0; i < 2; i++) {
        struct server_message *message = server_message_acquire(&pool, PROTOCOL_JSON);
        assert_non_null(message);
        for (size_t k = 0; k < sizes[i]; k++) {
            protocol_buffer_bytes(&message->buffer, "m", 1);
        }
        assert_true(server_message_seal(message));
        server_message_release(message);
        assert_int_equal(pool.free_count, 1 - i);
    }
    server_message_pool_finish(&pool);
}

// ---- no memory

static const char *const requests[] = {
    "\"type\":\"subscribe\",\"include\":[],\"mode\":\"queue\",\"queue\":9",
    "\"type\":\"status\"",
    "\"type\":\"ping\"",
    "\"type\":\"metrics\"",
    "\"type\":\"nonsense\"",
    "\"type\":\"calibrate\",\"stream\":\"m\"",
    "\"type\":\"calibrate\",\"stream\":\"m\",\"action\":\"show\"",
    "\"type\":\"settings\",\"stream\":\"m\"",
    "\"type\":\"stream\",\"action\":\"add\",\"stream\":\"door\",\"options\":{\"url\":\"demo:\"}",
    "\"type\":\"reload\"",
    "\"type\":\"stream\",\"action\":\"remove\",\"stream\":\"door\"",
    "\"type\":\"unsubscribe\"",
};

// Asks everything, one after the other; what comes last is answered only after the rest.
static void ask_all(int fd, struct received *received)
{
    static const struct protocol_calibrated calibrated = { .faces = 1 };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        char line[200], id[40];
        const int length =
            snprintf(line, sizeof line, "{%s,\"id\":%zu}\n{\"type\":\"ping\",\"id\":%zu}\n",
                     requests[i], 2 * i, 2 * i + 1);
        if (write(fd, line, (size_t)length) != length) {
            received->closed = true;
            return;
        }
        snprintf(id, sizeof id, "\"id\":%zu}", 2 * i + 1);
        await(fd, received, id, 1);
        server_publisher_calibrated(publisher, 0, &calibrated);
        publish(1);
    }
    receive(fd, received);
}

static void assert_answered(const struct received *received, int failing)
{
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        char id[20];
        const int length = snprintf(id, sizeof id, "\"id\":%zu", 2 * i);
        const char *at = strstr(received->text, id);
        if (!received->closed && (at == NULL || (at[length] != ',' && at[length] != '}'))) {
            fail_msg("allocation %d fails: no reply to {%s}", failing, requests[i]);
        }
    }
}

// How many of the records the text tells of: those that came and those it says were missed.
static uint64_t records_in(const char *text)
{
    uint64_t records = 0;
    for (const char *at = text; (at = strstr(at, "{\"type\":\"motion\"")) != NULL; at++) {
        const char *missed = strstr(at, "\"missed\":");
        assert_non_null(missed);
        records += 1 + strtoull(missed + strlen("\"missed\":"), NULL, 10);
    }
    return records;
}

// The follower has heard of everything.
static void assert_told(const struct received *received, uint64_t published, int failing)
{
    static const char *const told[] = {
        "{\"type\":\"streams\",\"streams\":[\"m\",\"hall\"]}",
        "{\"type\":\"state\",\"stream\":\"hall\",\"state\":\"connecting\"",
        "{\"type\":\"state\",\"stream\":\"hall\",\"state\":\"ended\"",
        "{\"type\":\"end\",\"stream\":\"hall\"",
        "{\"type\":\"streams\",\"streams\":[\"m\"]}",
    };
    const char *at = received->text;
    for (size_t i = 0; !received->closed && i < sizeof told / sizeof told[0]; i++) {
        at = strstr(at, told[i]);
        if (at == NULL) {
            fail_msg("allocation %d fails: %s is not told", failing, told[i]);
        }
    }
    if (!received->closed && records_in(received->text) != published) {
        fail_msg("allocation %d fails: of %d records %d are told", failing, (int)published,
                 (int)records_in(received->text));
    }
}

static void come_and_go(const char *name)
{
    assert_in_range(server_publisher_add_stream(publisher, name), 0, PROTOCOL_STREAMS_MAX - 1);
    server_fixture_spin();
    remove_stream(name);
    server_fixture_spin();
}

// One allocation fails, another one in each round.
static void where_memory_runs_out_nobody_waits_in_vain(void **state)
{
    (void)state;
    static struct received asker, follower;
    bool reached = true;
    for (int failing = 1; reached; failing++) {
        metrics_bytes = SMALL_BYTES;
        start(32 << 20);
        forget(&asker);
        forget(&follower);
        int second =
            server_fixture_join("{\"type\":\"subscribe\",\"include\":[],\"mode\":\"queue\"}\n");
        const uint64_t first = record.seq;
        fails_in = failing;
        int fd = server_fixture_join("");
        ask_all(fd, &asker);
        remove_stream("door"); // where the asker was closed before it could
        come_and_go("hall");
        reached = fails_in == 0;
        fails_in = 0;
        publish(1);
        receive(second, &follower);
        assert_answered(&asker, failing);
        assert_told(&follower, record.seq - first, failing);
        assert_true(reached || (!asker.closed && !follower.closed));
        close(fd);
        close(second);
        server_fixture_stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_large_reply_waits_for_a_client),
        cmocka_unit_test(all_clients_together_are_within_the_budget),
        cmocka_unit_test(above_the_budget_a_client_reads_a_reply_before_the_next),
        cmocka_unit_test(the_memory_of_large_messages_is_given_back),
        cmocka_unit_test(where_memory_runs_out_nobody_waits_in_vain),
    };
    return cmocka_run_group_tests(tests, server_fixture_set_up, server_fixture_tear_down);
}
