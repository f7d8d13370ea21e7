// What is built in steps is taken apart again when memory ends at any of them: each allocation of
// ours fails in turn. What fails says why, and leaks nothing, which the leak sanitizer watches.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "base/config_text.h"
#include "base/log.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/stream.h"
#include "pipeline/worker.h"
#include "protocol/mocap.h"
#include "protocol/recording.h"
#include "server/listener.h"
#include "server/publisher.h"

#define LOCATOR MOCAPD_SOURCE_DIR "/models/face-locator.safetensors"
#define LANDMARKS MOCAPD_SOURCE_DIR "/models/face68.safetensors"

enum { ALLOCATIONS_MAX = 100000, TRIED_MAX = 120 };

static int count, fail_at; // 0: none fails

void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
    return __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) ==
           __atomic_load_n(&fail_at, __ATOMIC_RELAXED);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
    return fails() ? NULL : __real_calloc(number, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

// Does something as a whole, and undoes it.
typedef bool build_fn(struct mc_error *err);

// Runs it with each allocation failing, or with some over all of them where there are many.
static void fail_each(build_fn *build)
{
    struct mc_error err = { 0 };
    __atomic_store_n(&fail_at, 0, __ATOMIC_RELAXED);
    count = 0;
    if (!build(&err)) {
        fail_msg("%s", err.message);
    }
    const int all = count;
    assert_in_range(all, 1, ALLOCATIONS_MAX);
    const int step = (all + TRIED_MAX - 1) / TRIED_MAX;
    for (int number = 1; number <= all; number += step) {
        err = (struct mc_error){ 0 };
        count = 0;
        __atomic_store_n(&fail_at, number, __ATOMIC_RELAXED);
        if (!build(&err) && err.message[0] == '\0') {
            fail_msg("allocation %d of %d fails, and nothing says so", number, all);
        }
    }
    __atomic_store_n(&fail_at, 0, __ATOMIC_RELAXED);
}

static bool build_model(struct mc_error *err)
{
    struct nn_model *model = nn_model_load_as(LOCATOR, 0, NN_PRECISION_F32, err);
    struct nn_runner *runner = model == NULL ? NULL : nn_runner_create(model, err);
    nn_runner_destroy(runner);
    nn_model_destroy(model);
    return runner != NULL;
}

static void models_are_taken_apart(void **state)
{
    (void)state;
    fail_each(build_model);
}

static bool build_config(struct mc_error *err)
{
    struct mc_config_text text;
    struct mc_config_item item = { 0 };
    bool good = mc_config_text_open(&text, MOCAPD_SOURCE_DIR "/systemd/mocapd.conf", err);
    while (good && item.kind != MC_CONFIG_END) {
        good = mc_config_text_next(&text, &item, err);
    }
    mc_config_text_close(&text);
    return good;
}

static void configurations_are_taken_apart(void **state)
{
    (void)state;
    fail_each(build_config);
}

static void on_connection(void *user, uv_stream_t *listener)
{
    server_publisher_accept(user, listener);
}

static void on_subscribed(void *user, int subscribed)
{
    (void)user;
    (void)subscribed;
}

static void on_finished(void *user)
{
    (void)user;
}

static char socket_path[] = "/tmp/mocapd-memory-XXXXXX/s";

static bool build_server(struct mc_error *err)
{
    static const char streams[2][PROTOCOL_NAME_BYTES] = { "one", "two" };
    const struct server_publisher_options options = {
        .server = "test", .streams = streams, .stream_count = 2, .limits = SERVER_LIMITS_DEFAULT
    };
    const struct server_publisher_callbacks callbacks = { .on_subscribed = on_subscribed,
                                                          .on_finished = on_finished };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct server_publisher *publisher = server_publisher_create(&loop, &options, &callbacks, err);
    struct server_listener listener = { .on_connection = on_connection, .user = publisher };
    const bool good = publisher != NULL && server_listener_open(&listener, &loop, socket_path, err);
    if (good) {
        server_listener_close(&listener);
    }
    if (publisher != NULL) {
        server_publisher_finish(publisher);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    server_publisher_destroy(publisher);
    assert_int_equal(uv_loop_close(&loop), 0);
    return good;
}

static void servers_are_taken_apart(void **state)
{
    (void)state;
    fail_each(build_server);
}

// ---- a stream; the models are loaded once

static struct pipeline_models models;

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    (void)user;
    (void)record;
    (void)frame;
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    (void)user;
    (void)state;
    (void)reason;
}

static bool build_stream(struct mc_error *err)
{
    const struct pipeline_stream_options options = { .name = "s", .url = "demo:", .max_faces = 1 };
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, NULL };
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct pipeline_workers *workers = pipeline_workers_create(&models, 2, err);
    struct pipeline_stream *stream =
        workers == NULL ? NULL : pipeline_stream_create(&loop, workers, &options, &callbacks, err);
    const bool good = stream != NULL;
    if (good) {
        pipeline_stream_close(stream, NULL, NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    pipeline_workers_destroy(workers);
    uv_loop_close(&loop);
    return good;
}

static void streams_are_taken_apart(void **state)
{
    (void)state;
    const struct pipeline_model_files files = { LANDMARKS, LOCATOR, "off", NN_PRECISION_F32 };
    struct mc_error err = { 0 };
    if (!pipeline_models_load(&models, &files, 0, &err)) {
        fail_msg("%s", err.message);
    }
    fail_each(build_stream);
    pipeline_models_unload(&models);
}

static int set_up(void **state)
{
    (void)state;
    mc_log_level_set(MC_LOG_ERROR);
    socket_path[strlen(socket_path) - 2] = '\0';
    if (mkdtemp(socket_path) == NULL) {
        return 1;
    }
    strcat(socket_path, "/s");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    socket_path[strlen(socket_path) - 2] = '\0';
    return rmdir(socket_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_taken_apart),
        cmocka_unit_test(configurations_are_taken_apart),
        cmocka_unit_test(servers_are_taken_apart),
        cmocka_unit_test(streams_are_taken_apart),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
