// Name servers that are slow or do not answer: getaddrinfo is our own here, and never returns for
// one name.
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
#include <stdlib.h>
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
static bool is_asked;      // whether it was asked for
static atomic_int lookups; // of known names, and at unusual ports: others may outlast their test

enum { SLOW_S = 6 }; // what a name server that is slow takes

__attribute__((visibility("default"))) // FFmpeg is to call it, too
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*usual)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&usual = dlsym(RTLD_NEXT, "getaddrinfo");
    if (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0) {
        return usual(name, service, hints, found);
    }
    if (service != NULL || strcmp(name, "known.example") == 0) {
        atomic_fetch_add(&lookups, 1);
    }
    if (strcmp(name, "slow.example") == 0) {
        mc_clock_set_ns(mc_clock_now_ns() + SLOW_S * MC_NS_PER_SECOND);
    }
    if (strcmp(name, "stuck.example") == 0) {
        pthread_mutex_lock(&lock);
        is_asked = true;
        pthread_cond_broadcast(&answered);
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
    is_asked = false;
    atomic_store(&lookups, 0);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    return pipeline_stop_init(&stop, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    answer(true);
    pipeline_stop_finish(&stop);
    return 0;
}

// Sets the stop once the name that is stuck is being looked up.
static void *stop_once_asked(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&lock);
    while (!is_asked) {
        pthread_cond_wait(&answered, &lock);
    }
    pthread_mutex_unlock(&lock);
    pipeline_stop_set(&stop);
    return NULL;
}

static int listen_anywhere(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

// A server that closes each connection.
static void *hang_up(void *fd)
{
    int connection;
    while ((connection = accept(*(int *)fd, NULL, NULL)) >= 0) {
        close(connection);
    }
    return NULL;
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
                                        "http://stuck.example/x", "rtmp://stuck.example/live",
                                        "ftp://stuck.example/clip.ts" };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct mc_error err = { 0 };
        bool permanent = true;
        pthread_t thread;
        is_asked = false;
        pipeline_stop_clear(&stop);
        assert_int_equal(pthread_create(&thread, NULL, stop_once_asked, NULL), 0);
        assert_null(pipeline_source_open(urls[i], false, 0, &stop, &permanent, &err));
        assert_false(permanent);
        pthread_join(thread, NULL);
    }
}

// FFmpeg looks the name up again, as slowly, and then has as much time as after a quick answer.
static void a_slow_name_server_leaves_time_to_connect(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bool permanent = true;
    char url[64];
    pthread_t thread;
    int port, fd = listen_anywhere(&port);
    snprintf(url, sizeof url, "http://slow.example:%d/x", port);
    assert_int_equal(pthread_create(&thread, NULL, hang_up, &fd), 0);
    mc_clock_set_ns(1); // far in the past: waits for a time by this clock end at once
    assert_null(pipeline_source_open(url, false, 0, &stop, &permanent, &err));
    const int64_t spent_ns = mc_clock_now_ns();
    mc_clock_set_ns(-1);
    shutdown(fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(fd);
    assert_true(spent_ns >= 2 * SLOW_S * MC_NS_PER_SECOND);
    assert_null(strstr(err.message, "no answer"));
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
                                        "udp://:5000",
                                        "unix://unknown.example/x",
                                        "udp://known.example/" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(pipeline_lookup_host(good[i], &stop, in_ms(60000), &err));
    }
    assert_int_equal(atomic_load(&lookups), 3);
    static const char *const bad[] = { "rtsp://unknown.example/1", "rtmp://unknown.example/1",
                                       "udp://unknown.example:5000" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(pipeline_lookup_host(bad[i], &stop, in_ms(60000), &err));
        assert_non_null(strstr(err.message, "can't look up unknown.example: "));
    }
}

// FFmpeg connects to the proxy where it goes through one, which only HTTP does.
static void behind_a_proxy_its_name_is_looked_up(void **state)
{
    (void)state;
    static const struct {
        const char *proxy, *no_proxy, *url;
        bool passes; // the proxy's name is known, the URL's is not
    } cases[] = {
        { "http://known.example:3128/", "", "http://unknown.example/x", true },
        { "http://known.example:3128/", "", "HTTPS://unknown.example/x", true },
        { "http://known.example:3128/", "", "rtmpt://unknown.example/x", true },
        { "http://known.example:3128/", "", "rtmp://unknown.example/x", false },
        { "http://known.example:3128/", "", "rtsp://unknown.example/x", false },
        { "http://known.example:3128/", "", "ftp://unknown.example/x", false },
        { "http://unknown.example/", "", "http://known.example/x", false },
        { "", "", "http://unknown.example/x", false },
        { "socks://known.example/", "", "http://unknown.example/x", false },
        { "http://known.example/", "unknown.example", "http://unknown.example/x", false },
        { "http://known.example/", "a.b, *.example", "http://unknown.example/x", false },
        { "http://known.example/", "a,.example", "http://unknown.example/x", false },
        { "http://known.example/", "*", "http://unknown.example/x", false },
        { "http://known.example/", "own.example,exam", "http://unknown.example/x", true },
        { "http://known.example/", ", *.", "http://unknown.example/x", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s, not for '%s': %s\n", cases[i].proxy, cases[i].no_proxy, cases[i].url);
        setenv("http_proxy", cases[i].proxy, 1);
        setenv("no_proxy", cases[i].no_proxy, 1);
        assert_int_equal(pipeline_lookup_host(cases[i].url, &stop, in_ms(60000), NULL),
                         cases[i].passes);
    }
}

// One look-up at a time, however often it is asked for; it says nothing until its answer is there.
static void a_probe_does_not_wait_for_the_name_server(void **state)
{
    (void)state;
    const struct mc_error refused = { 2, AVERROR(ECONNREFUSED), "" };
    struct pipeline_probe probe;
    char url[64];
    int port;
    const int fd = listen_anywhere(&port);
    snprintf(url, sizeof url, "rtsp://stuck.example:%d/live", port);
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
        cmocka_unit_test_setup_teardown(a_slow_name_server_leaves_time_to_connect, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(behind_a_proxy_its_name_is_looked_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_and_addresses_pass_and_unknown_names_do_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_probe_does_not_wait_for_the_name_server, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
