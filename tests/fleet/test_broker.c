// Subscriptions of connections that the broker ends, played by a thread that speaks a little NATS.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/fleet_options.h"

#define NS_PER_S 1000000000LL

enum { REFUSALS = 10, ROUNDS = 40, SUBSCRIPTIONS = 16, BURST = 20, WRONG = 1 << 20 };

static atomic_bool is_refused;

// Greets each connection, and delivers BURST messages for each subscription; ends the connection
// right after the greeting, or after the first subscriptions.
struct played_broker {
    pthread_t thread;
    int listener, port;
    bool is_refusing;
};

static bool send_text(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

// Returns false at the end of the connection.
static bool read_line(int fd, char *line, size_t capacity)
{
    size_t length = 0;
    while (length + 1 < capacity && recv(fd, line + length, 1, 0) == 1) {
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
    return false;
}

static bool deliver(int fd, const char *subject, const char *sid)
{
    char text[128];
    snprintf(text, sizeof text, "MSG %s %s 5\r\nhello\r\n", subject, sid);
    for (int i = 0; i < BURST; i++) {
        if (!send_text(fd, text)) {
            return false;
        }
    }
    return true;
}

static void play(const struct played_broker *broker, int fd)
{
    char line[1024], subject[64], sid[32];
    send_text(fd, "INFO {\"server_id\":\"played\",\"version\":\"2.9.10\",\"headers\":true,"
                  "\"max_payload\":1048576,\"proto\":1}\r\n");
    for (int subscriptions = 0; subscriptions < 3 && read_line(fd, line, sizeof line);) {
        if (strncmp(line, "PING", 4) == 0) {
            if (broker->is_refusing) {
                send_text(fd, "-ERR 'Authorization Violation'\r\n");
                return;
            }
            send_text(fd, "PONG\r\n");
        } else if (sscanf(line, "SUB %63s %31s", subject, sid) == 2) {
            subscriptions++;
            if (!deliver(fd, subject, sid)) {
                return;
            }
        }
    }
}

static void *accept_all(void *user)
{
    struct played_broker *broker = user;
    for (int fd; (fd = accept(broker->listener, NULL, NULL)) >= 0; close(fd)) {
        play(broker, fd);
    }
    return NULL;
}

static void start_broker(struct played_broker *broker, bool is_refusing)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    broker->is_refusing = is_refusing;
    broker->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(broker->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(broker->listener, 8), 0);
    assert_int_equal(getsockname(broker->listener, (struct sockaddr *)&address, &length), 0);
    broker->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&broker->thread, NULL, accept_all, broker), 0);
}

static void end_broker(struct played_broker *broker)
{
    shutdown(broker->listener, SHUT_RDWR);
    pthread_join(broker->thread, NULL);
    close(broker->listener);
}

static void count_message(void *user, const char *subject, const char *reply, const char *data,
                          size_t length)
{
    // Not an assertion: the thread is the library's.
    atomic_fetch_add((atomic_int *)user, length == 5 && memcmp(data, "hello", 5) == 0 ? 1 : WRONG);
}

static struct fleet_broker *connect_to(const struct played_broker *played)
{
    char url[64];
    struct fleet_options fleet = fleet_options_default;
    struct mc_error err;
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", played->port);
    fleet.nats = url;
    struct fleet_broker *broker =
        fleet_broker_start(&(struct fleet_broker_options){ .fleet = &fleet, .name = "test" }, &err);
    assert_non_null(broker);
    return broker;
}

static void read_log(enum mc_log_level level, const char *text)
{
    if (level == MC_LOG_ERROR && strstr(text, "refuses") != NULL) {
        atomic_store(&is_refused, true);
    }
}

// The library says when it is done with a subscription only if the connection lives until then.
static void a_connection_that_is_refused_leaves_no_subscription_behind(void **state)
{
    struct played_broker played;
    start_broker(&played, true);
    for (int round = 0; round < REFUSALS; round++) {
        atomic_store(&is_refused, false);
        struct fleet_broker *broker = connect_to(&played);
        atomic_int count = 0;
        for (int64_t start = mc_clock_now_ns(); !atomic_load(&is_refused);) {
            struct mc_error err;
            struct fleet_broker_subscription *subscription =
                fleet_broker_subscribe(broker, "subject", 100, count_message, &count, &err);
            assert_non_null(subscription);
            fleet_broker_unsubscribe(broker, subscription);
            assert_true(mc_clock_now_ns() - start < 20 * NS_PER_S);
        }
        fleet_broker_stop(broker);
        assert_int_equal(count, 0);
    }
    end_broker(&played);
}

static void no_message_arrives_after_unsubscribing_from_a_connection_that_ends(void **state)
{
    struct played_broker played;
    int received = 0;
    start_broker(&played, false);
    for (int round = 0; round < ROUNDS; round++) {
        struct fleet_broker *broker = connect_to(&played);
        struct fleet_broker_subscription *subscriptions[SUBSCRIPTIONS];
        atomic_int *count = calloc(1, sizeof *count);
        struct mc_error err;
        for (int i = 0; i < SUBSCRIPTIONS; i++) {
            subscriptions[i] =
                fleet_broker_subscribe(broker, "subject", 100, count_message, count, &err);
            assert_non_null(subscriptions[i]);
        }
        for (int i = 0; i < 100 && atomic_load(count) == 0; i++) {
            usleep(1000);
        }
        for (int i = 0; i < SUBSCRIPTIONS; i++) {
            fleet_broker_unsubscribe(broker, subscriptions[i]);
        }
        received += atomic_load(count);
        free(count); // what comes later would write there
        fleet_broker_stop(broker);
    }
    end_broker(&played);
    assert_in_range(received, 1, ROUNDS * 3 * BURST);
}

int main(void)
{
    mc_log_redirect(read_log);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_is_refused_leaves_no_subscription_behind),
        cmocka_unit_test(no_message_arrives_after_unsubscribing_from_a_connection_that_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
