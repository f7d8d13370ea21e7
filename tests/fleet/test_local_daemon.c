// What a worker believes of its mocapd, which is played by a thread: while that removes a stream,
// is late, or cannot be asked.
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

enum silence { NEVER, ONCE, ALWAYS };

// Confirms whatever it is asked, a removal once it may. What it is silent about it has done all the
// same; once: its reply comes with the next one.
static struct {
    enum silence silence;
    const char *silent_type; // "metrics" or "stream"
    struct protocol_buffer late;
    pthread_t thread;
    int listener;
    atomic_int connection;
    struct sockaddr_un address;
    atomic_bool is_removing, may_remove;
    atomic_int added, removed, measured;
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
    changed->changed =
        atomic_load(&played.added) == atomic_load(&played.removed) || strcmp(action, "remove") == 0;
    if (strcmp(action, "remove") == 0) {
        changed->action = PROTOCOL_STREAM_REMOVE;
        atomic_store(&played.is_removing, true);
        wait_until(&played.may_remove);
        atomic_fetch_add(&played.removed, 1);
    } else {
        changed->action = PROTOCOL_STREAM_ADD;
        atomic_fetch_add(&played.added, changed->changed);
    }
}

// Returns false when the reply is withheld.
static bool is_time_for(const char *type, struct protocol_buffer *reply)
{
    if (played.silence == NEVER || strcmp(type, played.silent_type) != 0) {
        return true;
    }
    if (played.silence == ONCE && played.late.length > 0) {
        protocol_buffer_bytes(&played.late, reply->data, reply->length);
        protocol_buffer_clear(reply);
        protocol_buffer_bytes(reply, played.late.data, played.late.length);
        played.silence = NEVER;
        return true;
    }
    if (played.silence == ONCE) {
        protocol_buffer_bytes(&played.late, reply->data, reply->length);
    }
    return false;
}

// Returns false when it says nothing for now.
static bool answer(const char *line, struct protocol_buffer *reply)
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
        atomic_fetch_add(&played.measured, 1);
    }
    const bool is_time = type == NULL || is_time_for(type, reply);
    json_decref(request);
    return is_time;
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
    bool is_reply = true;
    while (
        (!is_reply || send(fd, reply.data, reply.length, MSG_NOSIGNAL) == (ssize_t)reply.length) &&
        fgets(line, sizeof line, requests) != NULL) {
        is_reply = answer(line, &reply);
    }
    protocol_buffer_finish(&reply);
    fclose(requests);
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    mc_log_level_set(MC_LOG_ERROR);
    memset(&played, 0, sizeof played);
    protocol_buffer_init(&played.late, PROTOCOL_MESSAGE_BYTES);
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
    protocol_buffer_finish(&played.late);
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

static struct fleet_local *start(void)
{
    const struct fleet_local_options given = { .socket = played.address.sun_path };
    struct mc_error err;
    struct fleet_local *local = fleet_local_start(&given, &err);
    assert_non_null(local);
    atomic_store(&played.may_remove, true);
    return local;
}

// Another tool may write any definition into the bucket.
static void a_stream_that_no_request_can_hold_is_refused_and_the_others_are_handed(void **state)
{
    (void)state;
    char options[] = "{\"url\":\"lavfi:color\"}", big_options[6000];
    snprintf(big_options, sizeof big_options, "{\"url\":\"%05900d\"}", 0);
    struct fleet_stream small = { .name = "small", .options = options };
    struct fleet_stream big = { .name = "big", .options = big_options };
    struct fleet_stream *streams[] = { &small, &big };
    struct fleet_local *local = start();
    char refused[2][FLEET_NAME_BYTES];
    const int64_t until_ns = mc_clock_now_ns() + GUARD_S * MC_NS_PER_SECOND;
    do {
        assert_true(mc_clock_now_ns() < until_ns);
        usleep(1000);
        fleet_local_set(local, streams, 2);
    } while (!small.is_handed || fleet_local_refused(local, refused, 2) == 0);
    assert_string_equal(refused[0], "big");
    assert_false(big.is_handed);
    struct fleet_local_state shown;
    fleet_local_state(local, &shown);
    assert_true(shown.is_connected);
    fleet_local_stop(local);
    assert_int_equal(atomic_load(&played.added), 1);
    assert_int_equal(atomic_load(&played.removed), 1);
}

static void a_stream_stays_handed_while_a_reply_is_late(void **state)
{
    (void)state;
    char options[] = "{\"url\":\"lavfi:color\"}";
    struct fleet_stream stream = { .name = "s0", .options = options };
    struct fleet_stream *streams[] = { &stream };
    played.silence = ONCE;
    played.silent_type = "metrics";
    struct fleet_local *local = start();
    wait_handed(local, &stream);
    const int64_t until_ns = mc_clock_now_ns() + GUARD_S * MC_NS_PER_SECOND;
    while (atomic_load(&played.measured) < 3) { // the second request brings the first one's reply
        assert_true(mc_clock_now_ns() < until_ns);
        usleep(1000);
        fleet_local_set(local, streams, 1);
        assert_true(stream.is_handed);
    }
    fleet_local_stop(local);
}

// Otherwise it would stay there when the worker has gone.
static void a_stream_that_was_added_late_is_removed_at_the_end(void **state)
{
    (void)state;
    char options[] = "{\"url\":\"lavfi:color\"}";
    struct fleet_stream stream = { .name = "s0", .options = options };
    played.silence = ONCE;
    played.silent_type = "stream";
    struct fleet_local *local = start();
    wait_handed(local, &stream); // by the second request, which changed nothing
    const int measured = atomic_load(&played.measured);
    const int64_t until_ns = mc_clock_now_ns() + GUARD_S * MC_NS_PER_SECOND;
    while (atomic_load(&played.measured) < measured + 2) { // late replies are read in between
        assert_true(mc_clock_now_ns() < until_ns);
        usleep(1000);
    }
    assert_int_equal(atomic_load(&played.added), 1);
    fleet_local_stop(local);
    assert_int_equal(atomic_load(&played.removed), 1);
}

static int count_entries(const char *folder)
{
    int count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    return count;
}

static void read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

// The next worker removes what is in it. A half-written one would leave streams behind.
static void the_file_of_names_is_whole_or_as_it_was(void **state)
{
    (void)state;
    char folder[] = "/tmp/mocapd-test-XXXXXX", path[64], text[64];
    char options[] = "{\"url\":\"lavfi:color\"}";
    struct fleet_stream stream = { .name = "s0", .options = options };
    struct rlimit before;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/names", folder);
    const struct fleet_local_options given = { .socket = played.address.sun_path, .file = path };
    struct mc_error err;
    atomic_store(&played.may_remove, true);
    struct fleet_local *local = fleet_local_start(&given, &err);
    assert_non_null(local);
    wait_handed(local, &stream);
    read_text(path, text, sizeof text);
    assert_string_equal(text, "s0\n");

    signal(SIGXFSZ, SIG_IGN); // a disk that is full
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = { .rlim_cur = 1, .rlim_max = before.rlim_max };
    struct fleet_stream another = { .name = "s1", .options = options };
    struct fleet_stream *streams[] = { &stream, &another };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    fleet_local_set(local, streams, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    read_text(path, text, sizeof text);
    assert_string_equal(text, "s0\n");
    assert_int_equal(count_entries(folder), 1);

    fleet_local_stop(local);
    read_text(path, text, sizeof text);
    assert_string_equal(text, "");
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void a_daemon_that_stays_silent_is_lost(void **state)
{
    (void)state;
    char options[] = "{\"url\":\"lavfi:color\"}";
    struct fleet_stream stream = { .name = "s0", .options = options };
    struct fleet_stream *streams[] = { &stream };
    struct fleet_local_state shown;
    played.silence = ALWAYS;
    played.silent_type = "metrics";
    struct fleet_local *local = start();
    wait_handed(local, &stream);
    const int64_t until_ns = mc_clock_now_ns() + GUARD_S * MC_NS_PER_SECOND;
    do {
        assert_true(mc_clock_now_ns() < until_ns);
        usleep(1000);
        fleet_local_state(local, &shown);
    } while (shown.is_connected);
    fleet_local_set(local, streams, 1);
    assert_false(stream.is_handed);
    fleet_local_stop(local);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_that_is_being_removed_is_not_handed_when_it_is_wanted_again),
        TEST(a_stream_that_no_request_can_hold_is_refused_and_the_others_are_handed),
        TEST(a_stream_stays_handed_while_a_reply_is_late),
        TEST(a_stream_that_was_added_late_is_removed_at_the_end),
        TEST(the_file_of_names_is_whole_or_as_it_was),
        TEST(a_daemon_that_stays_silent_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
