#include "tools/web/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/mocap.h"
#include "tools/bridge_socket.h"

enum {
    POOL_THREADS = 4,
    CONNECT_MS = 2000,
    REPLY_MS = 9000, // a calibration has six seconds
    READ_BYTES_MAX = 64 * 1024,
    STEP_MS = 100, // how often it is asked whether the caller is still there
};

struct web_call {
    uv_work_t work;
    struct web_calls *calls;
    char *request;    // to mocapd; NULL: reads from path
    const char *path; // of another socket
    web_call_done *on_done;
    void *user;
    atomic_bool is_forgotten;
    char *reply; // NULL: none
    char reason[sizeof(struct mocap_error)];
};

static void destroy(struct web_call *call)
{
    free(call->request);
    free(call->reply);
    free(call);
}

static bool is_reply(enum mocap_result result, const struct mocap_message *message)
{
    return result == MOCAP_MESSAGE &&
           (message->type == MOCAP_REPLY || message->type == MOCAP_REFUSAL);
}

// Waits in steps, so that a call that nobody waits for any more ends.
static void ask(struct web_call *call, struct mocap_client *client)
{
    struct mocap_message message;
    struct mocap_error error = { .message = "no reply in time" };
    const int64_t deadline_ns = mc_clock_now_ns() + REPLY_MS * MC_NS_PER_MS;
    enum mocap_result result = mocap_request_json(client, call->request, STEP_MS, &message, &error);
    while (!is_reply(result, &message) && result != MOCAP_CLOSED && result != MOCAP_ERROR &&
           !atomic_load(&call->is_forgotten) && mc_clock_now_ns() < deadline_ns) {
        result = mocap_next(client, STEP_MS, &message, &error);
    }
    if (is_reply(result, &message)) {
        call->reply = strndup(message.bytes, message.length);
    } else {
        snprintf(call->reason, sizeof call->reason, "mocapd: %s",
                 result == MOCAP_ERROR || result == MOCAP_CLOSED ? error.message
                                                                 : "no reply in time");
    }
}

// ---- another socket

static void read_socket(struct web_call *call)
{
    struct mc_error err = { 0 };
    char *text = calloc(1, READ_BYTES_MAX + 1);
    size_t length = 0;
    ssize_t got = 1;
    const int64_t deadline_ns = mc_clock_now_ns() + 2 * CONNECT_MS * MC_NS_PER_MS;
    const int fd = text != NULL ? tools_bridge_socket_connect(call->path, CONNECT_MS, &err) : -1;
    while (fd >= 0 && length < READ_BYTES_MAX && mc_clock_now_ns() < deadline_ns &&
           (got = read(fd, text + length, READ_BYTES_MAX - length)) > 0) {
        length += (size_t)got;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (fd >= 0 && got == 0 && length > 0) {
        call->reply = text;
        return;
    }
    snprintf(call->reason, sizeof call->reason, "%s", fd < 0 ? err.message : "no answer in time");
    free(text);
}

// ---- in the pool

static void work(uv_work_t *work)
{
    struct web_call *call = work->data;
    if (call->request == NULL) {
        read_socket(call);
        return;
    }
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(call->calls->socket, CONNECT_MS, &error);
    if (client == NULL) {
        snprintf(call->reason, sizeof call->reason, "%s", error.message);
        return;
    }
    ask(call, client);
    mocap_close(client);
}

static void after_work(uv_work_t *work, int status)
{
    struct web_call *call = work->data;
    (void)status;
    call->calls->count--;
    if (!atomic_load(&call->is_forgotten)) {
        call->on_done(call->user, call->reply, call->reason);
    }
    destroy(call);
}

// ---- the pool

static void *wait_for_lock(void *lock)
{
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

// Whether as many threads can be had at a time.
static bool can_have_threads(int count, struct mc_error *err)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[POOL_THREADS + 1];
    int made = 0, failed = 0;
    pthread_mutex_lock(&lock);
    while (made < count && failed == 0) {
        failed = pthread_create(&threads[made], NULL, wait_for_lock, &lock);
        made += failed == 0;
    }
    pthread_mutex_unlock(&lock);
    while (made > 0) {
        pthread_join(threads[--made], NULL);
    }
    pthread_mutex_destroy(&lock);
    return failed == 0 || mc_error_set(err, MC_ERROR_SYSTEM, failed, "no thread for requests: %s",
                                       strerrordesc_np(failed));
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void free_work(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

bool web_calls_start(struct web_calls *calls, struct mc_error *err)
{
    char count[16];
    snprintf(count, sizeof count, "%d", POOL_THREADS);
    setenv("UV_THREADPOOL_SIZE", count, 1);
    uv_work_t *work = malloc(sizeof *work);
    if (work == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for requests");
    }
    // One more: the relay's.
    if (!can_have_threads(POOL_THREADS + 1, err)) {
        free(work);
        return false;
    }
    uv_queue_work(calls->loop, work, do_nothing, free_work);
    return true;
}

// ---- calls

static struct web_call *create(struct web_calls *calls, web_call_done *on_done, void *user,
                               struct mc_error *err)
{
    if (calls->count == WEB_CALLS_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "too many requests at a time: try again");
        return NULL;
    }
    struct web_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a request");
        return NULL;
    }
    call->work.data = call;
    call->calls = calls;
    call->on_done = on_done;
    call->user = user;
    return call;
}

static struct web_call *queue(struct web_call *call)
{
    call->calls->count++;
    uv_queue_work(call->calls->loop, &call->work, work, after_work);
    return call;
}

struct web_call *web_call_start(struct web_calls *calls, const char *request,
                                web_call_done *on_done, void *user, struct mc_error *err)
{
    struct web_call *call = create(calls, on_done, user, err);
    if (call == NULL) {
        return NULL;
    }
    call->request = strdup(request);
    if (call->request == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a request");
        destroy(call);
        return NULL;
    }
    return queue(call);
}

struct web_call *web_call_read(struct web_calls *calls, const char *path, web_call_done *on_done,
                               void *user, struct mc_error *err)
{
    struct web_call *call = create(calls, on_done, user, err);
    if (call == NULL) {
        return NULL;
    }
    call->path = path;
    return queue(call);
}

void web_call_forget(struct web_call *call)
{
    if (call != NULL) {
        atomic_store(&call->is_forgotten, true);
    }
}
