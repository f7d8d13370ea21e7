// Programs that a test starts: their output, their exit status, a directory for them. A
// failure ends the test, and so does a wait of more than GUARD_S.
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { GUARD_S = 600 };

struct process {
    pid_t pid;
    char err_path[256]; // where its stderr goes
    char out_path[256]; // where its stdout goes
};

// Group fixtures: make the directory of this test program, and remove it with its contents.
int process_set_up(void **state);
int process_tear_down(void **state);

// The path of name in the directory. The eighth call after this one overwrites it.
const char *process_path(const char *name);

// Starts program with arguments, the last of which is NULL.
struct process process_start(const char *program, const char *const *arguments);

// Waits until the process exits. Returns its status, or 128 plus the signal's number.
int process_wait(struct process *process);

// Starts and waits.
int process_run(struct process *process, const char *program, const char *const *arguments);

// Reads the file at path as text, at most size - 1 bytes of it.
void process_read(const char *path, char *text, size_t size);

// Waits until a process listens on the socket. When this one exits before, the test fails with
// its output.
void process_wait_socket(const struct process *process, const char *socket_path);

// Fails the test unless the process wrote exactly one error, with needle in it.
void process_assert_one_error(const struct process *process, const char *needle);
