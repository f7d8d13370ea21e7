#include "tools/lab/daemon_process.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/mocap.h"

bool lab_daemon_process_find(struct lab_daemon_process *process, const struct mocap_client *client,
                             struct mc_error *err)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(mocap_fd(client), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return mc_error_set_errno(err, "the daemon's process");
    }
    process->pid = peer.pid;
    int status = clock_getcpuclockid(peer.pid, &process->clock);
    return status == 0 || mc_error_set(err, MC_ERROR_SYSTEM, status, "process %d: %s",
                                       (int)peer.pid, strerrordesc_np(status));
}

double lab_daemon_process_cpu_ms(const struct lab_daemon_process *process)
{
    struct timespec used = { 0 };
    clock_gettime(process->clock, &used);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec * 1e-6;
}

double lab_daemon_process_memory_mib(const struct lab_daemon_process *process)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)process->pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d %ld", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static FILE *open_of_thread(const struct lab_daemon_process *process, const char *thread,
                            const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/task/%s/%s", (int)process->pid, thread, name);
    return fopen(path, "re"); // NULL: the thread has ended
}

// The main thread has the program's name, and runs the loop.
static void read_name(const struct lab_daemon_process *process, const char *thread,
                      char name[LAB_THREAD_NAME_BYTES])
{
    if (strtol(thread, NULL, 10) == process->pid) {
        snprintf(name, LAB_THREAD_NAME_BYTES, "loop");
        return;
    }
    FILE *file = open_of_thread(process, thread, "comm");
    name[0] = '\0';
    if (file != NULL) {
        if (fgets(name, LAB_THREAD_NAME_BYTES, file) != NULL) {
            name[strcspn(name, "\n")] = '\0';
        }
        fclose(file);
    }
}

static int64_t read_cpu_ns(const struct lab_daemon_process *process, const char *thread)
{
    FILE *file = open_of_thread(process, thread, "schedstat");
    int64_t cpu_ns = 0;
    if (file != NULL) {
        if (fscanf(file, "%" SCNd64, &cpu_ns) != 1) {
            cpu_ns = 0;
        }
        fclose(file);
    }
    return cpu_ns;
}

static int64_t read_wake_ups(const struct lab_daemon_process *process, const char *thread)
{
    FILE *file = open_of_thread(process, thread, "status");
    int64_t wake_ups = 0;
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL &&
           sscanf(line, "voluntary_ctxt_switches: %" SCNd64, &wake_ups) != 1) {
    }
    if (file != NULL) {
        fclose(file);
    }
    return wake_ups;
}

// The kind of that name, added if it is new; NULL when there is no room for it.
static struct lab_thread_kind *find_kind(struct lab_thread_usage *usage, const char *name)
{
    for (int i = 0; i < usage->count; i++) {
        if (strcmp(usage->kinds[i].name, name) == 0) {
            return &usage->kinds[i];
        }
    }
    if (usage->count == LAB_THREAD_KINDS_MAX) {
        return NULL;
    }
    struct lab_thread_kind *kind = &usage->kinds[usage->count++];
    *kind = (struct lab_thread_kind){ 0 };
    snprintf(kind->name, sizeof kind->name, "%s", name);
    return kind;
}

void lab_daemon_process_threads(const struct lab_daemon_process *process,
                                struct lab_thread_usage *usage)
{
    char path[64], name[LAB_THREAD_NAME_BYTES];
    usage->count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)process->pid);
    DIR *directory = opendir(path);
    const struct dirent *thread;
    while (directory != NULL && (thread = readdir(directory)) != NULL) {
        if (thread->d_name[0] == '.') {
            continue;
        }
        read_name(process, thread->d_name, name);
        struct lab_thread_kind *kind = name[0] == '\0' ? NULL : find_kind(usage, name);
        if (kind != NULL) {
            kind->cpu_ns += read_cpu_ns(process, thread->d_name);
            kind->wake_ups += read_wake_ups(process, thread->d_name);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

struct lab_thread_usage lab_thread_usage_since(const struct lab_thread_usage *before,
                                               const struct lab_thread_usage *after)
{
    struct lab_thread_usage since = *after, known = *before;
    for (int i = 0; i < since.count; i++) {
        struct lab_thread_kind *kind = &since.kinds[i];
        const struct lab_thread_kind *earlier = find_kind(&known, kind->name);
        if (earlier != NULL) {
            kind->cpu_ns -= earlier->cpu_ns;
            kind->wake_ups -= earlier->wake_ups;
        }
    }
    return since;
}
