#include "tests/integration/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/mocapd-test-XXXXXX";
static int started;

int process_set_up(void **state)
{
    (void)state;
    alarm(GUARD_S); // a test that hangs fails
    signal(SIGPIPE, SIG_IGN);
    return mkdtemp(directory) == NULL;
}

int process_tear_down(void **state)
{
    (void)state;
    DIR *entries = opendir(directory);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        unlink(process_path(entry->d_name));
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return rmdir(directory);
}

const char *process_path(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

struct process process_start(const char *program, const char *const *arguments)
{
    struct process process;
    snprintf(process.err_path, sizeof process.err_path, "%s/err-%d", directory, started);
    snprintf(process.out_path, sizeof process.out_path, "%s/out-%d", directory, started++);
    char *argv[32] = { strdup(program) };
    int count = 1;
    for (; arguments[count - 1] != NULL; count++) {
        assert_true(count < 31);
        argv[count] = strdup(arguments[count - 1]);
    }
    process.pid = fork();
    assert_true(process.pid >= 0);
    if (process.pid == 0) {
        int err = open(process.err_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int out = open(process.out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(err, STDERR_FILENO);
        dup2(out, STDOUT_FILENO);
        execv(program, argv);
        _exit(127);
    }
    for (int i = 0; i < count; i++) {
        free(argv[i]);
    }
    return process;
}

int process_wait(struct process *process)
{
    int status = 0;
    while (waitpid(process->pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    process->pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_run(struct process *process, const char *program, const char *const *arguments)
{
    *process = process_start(program, arguments);
    return process_wait(process);
}

void process_read(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, size - 1, file);
    fclose(file);
    text[length] = '\0';
}

void process_wait_socket(const struct process *process, const char *socket_path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    for (;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int status = connect(fd, (const struct sockaddr *)&address, sizeof address);
        close(fd);
        if (status == 0) {
            return;
        }
        if (kill(process->pid, 0) != 0 || waitpid(process->pid, NULL, WNOHANG) == process->pid) {
            char said[2048];
            process_read(process->err_path, said, sizeof said);
            fail_msg("the process ended before it listened: %s", said);
        }
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL); // there is no event to wait for
    }
}

void process_assert_one_error(const struct process *process, const char *needle)
{
    char said[4096];
    process_read(process->err_path, said, sizeof said);
    int errors = 0;
    for (char *line = strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        // Log lines below errors may be there too.
        if (strstr(line, " info: ") != NULL || strstr(line, " warning: ") != NULL) {
            continue;
        }
        errors++;
        if (strstr(line, needle) == NULL) {
            fail_msg("must contain '%s', got '%s'", needle, line);
        }
    }
    assert_int_equal(errors, 1);
}
