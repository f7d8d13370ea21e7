// What a worker believes of its mocapd, which is played by a thread, while that removes a stream.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/buffer.h"
#include "protocol/encode.h"
#include "protocol/stream_change.h"
#include "tools/fleet/local_daemon.h"

enum { GUARD_S = 60 }; // only a test that fails waits that long

// Confirms whatever it is asked, a removal once it may.
static struct {
    pthread_t thread;
    int listener;
    atomic_int connection;
    struct sockaddr_un address;
    atomic_bool is_removing, may_remove;
    atomic_int added, removed;
} played;

static void wait_until(atomic_bool *flag)
{
    const int64_t until_ns = mc_clock_now_ns() + GUARD_S * MC_NS_PER_SECOND;
    while (!atomic_load(flag) && mc_clock_now_ns() < until_ns) {
        usleep(1000);
    }
}

static void change(const json_t *request, struct protocol_stream_changed *changed)
{
    const char *stream = json_string_value(json_object_get(request, "stream"));
    const char *action = json_string_value(json_object_get(request, "action"));
    snprintf(changed->stream, sizeof changed->stream, "%s", stream);
    changed->changed = true;
    if (strcmp(action, "remove") == 0) {
        changed->action = PROTOCOL_STREAM_REMOVE;
        atomic_store(&played.is_removing, true);
        wait_until(&played.may_remove);
        atomic_fetch_add(&played.removed, 1);
    } else {
        changed->action = PROTOCOL_STREAM_ADD;
        atomic_fetch_add(&played.added, 1);
    }
}

static void answer(const char *line, struct protocol_buffer *reply)
{
    json_t *request = json_loads(line, 0, NULL);
    const json_int_t id = json_integer_value(json_object_get(request, "id"));
    const char *type = json_string_value(json_object_get(request, "type"));
    protocol_buffer_clear(reply);
    if (type != NULL && strcmp(type, "stream") == 0) {
        struct protocol_stream_changed changed = { 0 };
        changed.id = (struct protocol_id){ .given = true, .value = id };
        change(request, &changed);
        protocol_encode_stream_changed(reply, PROTOCOL_JSON, &changed);
    } else {
        struct protocol_error error = { .code = PROTOCOL_ERROR_UNSUPPORTED };
        error.id = (struct protocol_id){ .given = true, .value = id };
        protocol_encode_error(reply, PROTOCOL_JSON, &error);
    }
    json_decref(request);
}

static void *play(void *unused)
{
    static struct protocol_hello hello;
    struct protocol_buffer reply;
    char line[4096];
    const int fd = accept(played.listener, NULL, NULL);
    FILE *requests = fdopen(fd, "r");
    atomic_store(&played.connection, fd);
    hello = (struct protocol_hello){ .major = PROTOCOL_MAJOR,
                                     .minor = PROTOCOL_MINOR,
                                     .server = "mocapd",
                                     .boot_id = "1",
                                     .encodings = 1u << PROTOCOL_JSON };
    (void)unused;
    protocol_buffer_init(&reply, PROTOCOL_MESSAGE_BYTES);
    protocol_encode_hello(&reply, &hello);
    while (send(fd, reply.data, reply.length, MSG_NOSIGNAL) == (ssize_t)reply.length &&
           fgets(line, sizeof line, requests) != NULL) {
        answer(line, &reply);
    }
    protocol_buffer_finish(&reply);
    fclose(requests);
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    mc_log_level_set(MC_LOG_ERROR);
    played.address.sun_family = AF_UNIX;
    snprintf(played.address.sun_path, sizeof played.address.sun_path, "/tmp/mocapd-test-%d.sock",
             (int)getpid());
    played.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return bind(played.listener, (struct sockaddr *)&played.address, sizeof played.address) != 0 ||
           listen(played.listener, 1) != 0 || pthread_create(&played.thread, NULL, play, NULL) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    shutdown(played.listener, SHUT_RDWR); // a test that failed left these open
    shutdown(atomic_load(&played.connection), SHUT_RDWR);
    pthread_join(played.thread, NULL);
    close(played.listener);
    return unlink(played.address.sun_path);
}

static void wait_handed(struct fleet_local *local, struct fleet_stream *stream)
{
    const int64_t until_ns = mc_clock_now_ns() + GUARD_S * MC_NS_PER_SECOND;
    do {
        assert_true(mc_clock_now_ns() < until_ns);
        usleep(1000);
        fleet_local_set(local, &stream, 1);
    } while (!stream->is_handed);
}

// Its records would get the fence of the new lease.
static void a_stream_that_is_being_removed_is_not_handed_when_it_is_wanted_again(void **state)
{
    (void)state;
    char options[] = "{\"url\":\"lavfi:color\"}";
    struct fleet_stream stream = { .name = "s0", .options = options };
    struct fleet_stream *streams[] = { &stream };
    const struct fleet_local_options given = { .socket = played.address.sun_path };
    struct mc_error err;
    struct fleet_local *local = fleet_local_start(&given, &err);
    assert_non_null(local);
    wait_handed(local, &stream);
    fleet_local_set(local, NULL, 0);
    wait_until(&played.is_removing);
    fleet_local_set(local, streams, 1);
    const bool was_handed = stream.is_handed;
    atomic_store(&played.may_remove, true);
    assert_false(was_handed);
    wait_handed(local, &stream);
    assert_int_equal(atomic_load(&played.added), 2);
    assert_int_equal(atomic_load(&played.removed), 1);
    fleet_local_stop(local);
    assert_int_equal(atomic_load(&played.removed), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_is_being_removed_is_not_handed_when_it_is_wanted_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
