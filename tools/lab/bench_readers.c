#include "tools/lab/bench_readers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/endpoint.h"
#include "protocol/framing.h"
#include "protocol/message.h"
#include "tools/lab/bench_latencies.h"

enum {
    EVENTS = 256,
    ROOM_BYTES = 32 * 1024, // of one reader: its records are a few kB
};

struct reader {
    int fd;
    struct protocol_framing framing;
    bool subscribed; // the reply has come
};

struct lab_bench_readers {
    int epoll, count;
    enum protocol_encoding encoding;
    struct reader *readers;
    uint64_t records, missed;
    struct lab_latencies latencies;
};

// ---- one message

// The whole number after a field's name, in either encoding; -1: it is not there.
static int64_t find_number(enum protocol_encoding encoding, const char *bytes, size_t length,
                           const char *name)
{
    size_t name_length = strlen(name);
    const char *at = memmem(bytes, length, name, name_length);
    if (at == NULL) {
        return -1;
    }
    at += name_length;
    size_t left = length - (size_t)(at - bytes);
    if (encoding == PROTOCOL_JSON) {
        return left > 2 ? strtoll(at + 2, NULL, 10) : -1; // after ":
    }
    if (left < 9 || *at != 0x1b) {
        return left > 0 && (unsigned char)*at < 24 ? (unsigned char)*at : -1;
    }
    uint64_t number = 0;
    for (int i = 1; i < 9; i++) {
        number = number << 8 | (unsigned char)at[i];
    }
    return (int64_t)number;
}

static void count_record(struct lab_bench_readers *readers, const char *bytes, size_t length,
                         int64_t now_ns)
{
    int64_t published_ns = find_number(readers->encoding, bytes, length, "t_publish_ns");
    if (published_ns < 0) {
        return; // a state
    }
    const size_t tail = 40; // where "missed" is
    int64_t missed = find_number(readers->encoding, bytes + (length > tail ? length - tail : 0),
                                 length > tail ? tail : length, "missed");
    readers->records++;
    readers->missed += missed > 0 ? (uint64_t)missed : 0;
    lab_latencies_add(&readers->latencies, now_ns - published_ns);
}

// ---- one reader

static bool read_some(struct lab_bench_readers *readers, struct reader *reader,
                      struct mc_error *err)
{
    size_t size, length;
    char *room = protocol_framing_room(&reader->framing, &size), *bytes;
    ssize_t count = read(reader->fd, room, size);
    if (count < 0 && errno == EAGAIN) {
        return true;
    }
    if (count <= 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "the server closed a connection");
    }
    int64_t now_ns = mc_clock_now_ns();
    protocol_framing_add(&reader->framing, (size_t)count);
    while (protocol_framing_next(&reader->framing, &bytes, &length) == PROTOCOL_FRAMING_MESSAGE) {
        if (reader->subscribed) {
            count_record(readers, bytes, length, now_ns);
        } else if (memmem(bytes, length, "\"subscribed\"", 12) != NULL) {
            reader->subscribed = true;
            reader->framing.encoding = readers->encoding;
        }
    }
    return true;
}

static bool open_reader(struct lab_bench_readers *readers, struct reader *reader,
                        const struct sockaddr_un *address, struct mc_error *err)
{
    char request[128];
    int length =
        snprintf(request, sizeof request, "{\"type\":\"subscribe\",\"id\":1,\"encoding\":\"%s\"}\n",
                 protocol_encoding_name(readers->encoding));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = reader };
    reader->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reader->fd < 0 || connect(reader->fd, (const struct sockaddr *)address, sizeof *address) ||
        write(reader->fd, request, (size_t)length) != length ||
        fcntl(reader->fd, F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(readers->epoll, EPOLL_CTL_ADD, reader->fd, &event) != 0) {
        return mc_error_set_errno(err, "connecting a subscriber");
    }
    return protocol_framing_init(&reader->framing, ROOM_BYTES, err);
}

// ---- all of them

static bool wait_and_read(struct lab_bench_readers *readers, int timeout_ms, struct mc_error *err)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(readers->epoll, events, EVENTS, timeout_ms);
    if (count < 0 && errno != EINTR) {
        return mc_error_set_errno(err, "waiting for records");
    }
    for (int i = 0; i < count; i++) {
        if (!read_some(readers, events[i].data.ptr, err)) {
            return false;
        }
    }
    return true;
}

static bool all_subscribed(const struct lab_bench_readers *readers)
{
    for (int i = 0; i < readers->count; i++) {
        if (!readers->readers[i].subscribed) {
            return false;
        }
    }
    return true;
}

struct lab_bench_readers *lab_bench_readers_create(const char *path, int count,
                                                   enum protocol_encoding encoding,
                                                   struct mc_error *err)
{
    struct sockaddr_un address;
    struct lab_bench_readers *readers = calloc(1, sizeof *readers);
    if (readers == NULL || !protocol_endpoint_address(path, &address, err)) {
        free(readers);
        return NULL;
    }
    readers->encoding = encoding;
    readers->epoll = epoll_create1(EPOLL_CLOEXEC);
    readers->readers = calloc((size_t)count, sizeof *readers->readers);
    bool good = readers->readers != NULL && readers->epoll >= 0;
    while (good && readers->count < count) {
        good = open_reader(readers, &readers->readers[readers->count++], &address, err);
    }
    while (good && !all_subscribed(readers)) {
        good = wait_and_read(readers, 1000, err);
    }
    if (!good) {
        lab_bench_readers_destroy(readers);
        return NULL;
    }
    return readers;
}

void lab_bench_readers_destroy(struct lab_bench_readers *readers)
{
    if (readers == NULL) {
        return;
    }
    for (int i = 0; i < readers->count; i++) {
        close(readers->readers[i].fd);
        protocol_framing_finish(&readers->readers[i].framing);
    }
    close(readers->epoll);
    free(readers->readers);
    free(readers);
}

bool lab_bench_readers_run(struct lab_bench_readers *readers, double seconds,
                           struct lab_bench_counts *counts, struct mc_error *err)
{
    // What has come before is not of this time.
    for (int i = 0; i < 2 * readers->count / EVENTS + 2; i++) {
        if (!wait_and_read(readers, 0, err)) {
            return false;
        }
    }
    readers->records = readers->missed = 0;
    lab_latencies_clear(&readers->latencies);
    int64_t end_ns = mc_clock_now_ns() + (int64_t)(seconds * 1e9), now_ns;
    while ((now_ns = mc_clock_now_ns()) < end_ns) {
        if (!wait_and_read(readers, (int)((end_ns - now_ns) / MC_NS_PER_MS) + 1, err)) {
            return false;
        }
    }
    *counts = (struct lab_bench_counts){
        .records = readers->records,
        .missed = readers->missed,
        .p50_ms = lab_latencies_quantile_ms(&readers->latencies, 0.5),
        .p99_ms = lab_latencies_quantile_ms(&readers->latencies, 0.99),
        .most_ms = lab_latencies_quantile_ms(&readers->latencies, 1),
    };
    return true;
}
