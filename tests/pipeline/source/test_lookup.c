// A name server that does not answer: getaddrinfo is our own here, and never returns for one name.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/error.h>

#include "base/clock.h"
#include "pipeline/source/lookup.h"
#include "pipeline/source/probe.h"
#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"

static struct pipeline_stop stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static bool is_answered;   // the name that is stuck
static atomic_int lookups; // of known names, and at unusual ports: others may outlast their test

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*usual)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&usual = dlsym(RTLD_NEXT, "getaddrinfo");
    if (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0) {
        return usual(name, service, hints, found);
    }
    const bool is_usual = strcmp(service, "554") == 0 || strcmp(service, "80") == 0;
    if (!is_usual || strcmp(name, "known.example") == 0) {
        atomic_fetch_add(&lookups, 1);
    }
    if (strcmp(name, "stuck.example") == 0) {
        pthread_mutex_lock(&lock);
        while (!is_answered) {
            pthread_cond_wait(&answered, &lock);
        }
        pthread_mutex_unlock(&lock);
    }
    return strcmp(name, "unknown.example") == 0 ? EAI_NONAME
                                                : usual("127.0.0.1", service, hints, found);
}

static void answer(bool yes)
{
    pthread_mutex_lock(&lock);
    is_answered = yes;
    pthread_cond_broadcast(&answered);
    pthread_mutex_unlock(&lock);
}

static int set_up(void **state)
{
    (void)state;
    answer(false);
    atomic_store(&lookups, 0);
    return pipeline_stop_init(&stop, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    answer(true);
    pipeline_stop_finish(&stop);
    return 0;
}

static int64_t in_ms(int64_t ms)
{
    return mc_clock_now_ns() + ms * MC_NS_PER_MS;
}

static void a_stop_or_the_deadline_ends_a_look_up(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_false(pipeline_lookup_host("rtsp://stuck.example/1", &stop, in_ms(50), &err));
    assert_string_equal(err.message,
                        "can't look up stuck.example: the name server does not answer");
    pipeline_stop_set(&stop);
    assert_false(pipeline_lookup_host("rtsp://stuck.example/1", &stop, INT64_MAX, &err));
}

static void a_stop_ends_opening_a_source_whose_name_is_looked_up(void **state)
{
    (void)state;
    static const char *const urls[] = { "rtsp://me:secret@stuck.example/1",
                                        "http://stuck.example/x" };
    for (int i = 0; i < 2; i++) {
        struct mc_error err = { 0 };
        bool permanent = true;
        pipeline_stop_set(&stop);
        assert_null(pipeline_source_open(urls[i], false, 0, &stop, &permanent, &err));
        assert_false(permanent);
    }
}

static void names_and_addresses_pass_and_unknown_names_do_not(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    static const char *const good[] = { "http://known.example/x",
                                        "rtsp://me:a@known.example:8554/",
                                        "rtsp://127.0.0.1/1",
                                        "http://[::1]:80/x",
                                        "rtsp:///1",
                                        "udp://known.example/" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(pipeline_lookup_host(good[i], &stop, in_ms(60000), &err));
    }
    assert_int_equal(atomic_load(&lookups), 2);
    assert_false(pipeline_lookup_host("rtsp://unknown.example/1", &stop, in_ms(60000), &err));
    assert_non_null(strstr(err.message, "can't look up unknown.example: "));
}

// One look-up at a time, however often it is asked for; it says nothing until its answer is there.
static void a_probe_does_not_wait_for_the_name_server(void **state)
{
    (void)state;
    const struct mc_error refused = { 2, AVERROR(ECONNREFUSED), "" };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    struct pipeline_probe probe;
    char url[64];
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "rtsp://stuck.example:%d/live", ntohs(address.sin_port));
    pipeline_probe_begin(&probe, url, &refused);
    for (int i = 0; i < 3; i++) {
        assert_false(pipeline_probe(&probe, &stop));
    }
    assert_int_equal(atomic_load(&lookups), 1);
    answer(true);
    for (int64_t end = in_ms(60000); !pipeline_probe(&probe, &stop);) {
        assert_true(mc_clock_now_ns() < end);
    }
    pipeline_probe_end(&probe);
    answer(false);
    pipeline_probe_begin(&probe, url, &refused);
    pipeline_stop_set(&stop);
    assert_false(pipeline_probe(&probe, &stop));
    pipeline_probe_end(&probe); // while it is under way
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stop_or_the_deadline_ends_a_look_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_ends_opening_a_source_whose_name_is_looked_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_and_addresses_pass_and_unknown_names_do_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_probe_does_not_wait_for_the_name_server, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
