#include "tools/lab/bench_server.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/record.h"
#include "server/listener.h"
#include "server/publisher.h"
#include "tools/lab/bench_latencies.h"

// ---- the process

struct bench {
    uv_loop_t loop;
    struct server_listener listener;
    struct server_publisher *publisher;
    uv_timer_t timer;
    uv_signal_t stop;
    int64_t start_ns;
    double rate;
    struct protocol_record record;
    struct lab_latencies *fan_outs;
};

static void fill_record(struct protocol_record *record)
{
    snprintf(record->stream, sizeof record->stream, "bench");
    record->width = 1280;
    record->height = 720;
    record->face_count = 1;
    struct protocol_face *face = &record->faces[0];
    face->id = 1;
    face->score = 0.875f;
    face->keypoint_count = 68;
    face->has_pose = face->has_shapes = true;
    face->pose.rotation[3] = 1;
    for (int i = 0; i < face->keypoint_count; i++) {
        float angle = (float)i * 0.1f;
        face->keypoints[i] =
            (struct mc_keypoint){ 640 + 100 * cosf(angle), 360 + 100 * sinf(angle), 0.9f };
    }
}

// Publishes what is due: the loop's timers count whole milliseconds.
static void on_timer(uv_timer_t *timer)
{
    struct bench *bench = timer->data;
    int64_t now_ns = mc_clock_now_ns();
    double due = (double)(now_ns - bench->start_ns) / 1e9 * bench->rate;
    if ((double)bench->record.seq < due) {
        bench->record.t_arrival_ns = now_ns;
        bench->record.pts = (double)bench->record.seq / bench->rate;
        server_publisher_record(bench->publisher, 0, &bench->record);
        bench->record.seq++;
        lab_latencies_add(bench->fan_outs, mc_clock_now_ns() - bench->record.t_publish_ns);
    }
}

static void on_connection(void *user, uv_stream_t *listener)
{
    struct bench *bench = user;
    server_publisher_accept(bench->publisher, listener);
}

static void on_subscribed(void *user, int count)
{
    (void)user;
    (void)count;
}

static void on_pressure(void *user, int stream, bool held)
{
    (void)user;
    (void)stream;
    (void)held;
}

static void on_finished(void *user)
{
    (void)user;
}

static void on_stop(uv_signal_t *signal, int number)
{
    struct bench *bench = signal->data;
    (void)number;
    server_listener_close(&bench->listener);
    uv_stop(&bench->loop);
}

static void serve(const char *path, double rate, struct lab_latencies *fan_outs, int ready)
{
    static struct bench bench;
    static const char streams[1][64] = { "bench" };
    struct server_publisher_options options = { .server = "mocap-lab bench",
                                                .streams = streams,
                                                .stream_count = 1,
                                                .limits = SERVER_LIMITS_DEFAULT };
    options.limits.connections_per_user = options.limits.connections; // all are ours
    const struct server_publisher_callbacks callbacks = { .on_subscribed = on_subscribed,
                                                          .on_pressure = on_pressure,
                                                          .on_finished = on_finished };
    struct mc_error err = { 0 };
    mc_log_level_set(MC_LOG_ERROR);
    bench.rate = rate;
    bench.fan_outs = fan_outs;
    fill_record(&bench.record);
    uv_loop_init(&bench.loop);
    bench.publisher = server_publisher_create(&bench.loop, &options, &callbacks, &err);
    bench.listener.on_connection = on_connection;
    bench.listener.user = &bench;
    if (bench.publisher == NULL ||
        !server_listener_open(&bench.listener, &bench.loop, path, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        _exit(EXIT_FAILURE);
    }
    server_publisher_state(bench.publisher, 0, PROTOCOL_STREAM_LIVE, "");
    uv_signal_init(&bench.loop, &bench.stop);
    bench.stop.data = &bench;
    uv_signal_start(&bench.stop, on_stop, SIGTERM);
    uv_timer_init(&bench.loop, &bench.timer);
    bench.timer.data = &bench;
    bench.start_ns = mc_clock_now_ns();
    uv_timer_start(&bench.timer, on_timer, 1, 1);
    if (write(ready, "", 1) != 1) {
        _exit(EXIT_FAILURE);
    }
    close(ready);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    _exit(EXIT_SUCCESS);
}

// ---- from outside

bool lab_bench_server_start(struct lab_bench_server *server, const char *path, double rate,
                            struct mc_error *err)
{
    int ready[2];
    server->fan_outs = mmap(NULL, sizeof *server->fan_outs, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server->fan_outs == MAP_FAILED || pipe(ready) != 0) {
        server->fan_outs = NULL;
        return mc_error_set_errno(err, "starting the measured server");
    }
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(EXIT_FAILURE);
        }
        close(ready[0]);
        malloc_trim(0); // what the parent freed would hide what is needed here
        serve(path, rate, server->fan_outs, ready[1]);
    }
    close(ready[1]);
    char byte;
    bool good = server->pid > 0 && read(ready[0], &byte, 1) == 1 &&
                clock_getcpuclockid(server->pid, &server->cpu_clock) == 0;
    close(ready[0]);
    if (!good) {
        lab_bench_server_stop(server);
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "the measured server did not start");
    }
    return true;
}

void lab_bench_server_stop(struct lab_bench_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGTERM);
        while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        server->pid = 0;
    }
    if (server->fan_outs != NULL) {
        munmap(server->fan_outs, sizeof *server->fan_outs);
        server->fan_outs = NULL;
    }
}

int64_t lab_bench_server_cpu_ns(const struct lab_bench_server *server)
{
    struct timespec used = { 0 };
    clock_gettime(server->cpu_clock, &used);
    return (int64_t)used.tv_sec * MC_NS_PER_SECOND + used.tv_nsec;
}

size_t lab_bench_server_memory(const struct lab_bench_server *server)
{
    char path[64];
    size_t pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)server->pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*u %zu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}
