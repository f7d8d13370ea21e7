#include "base/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { PATIENCE_MS = 5000 }; // with a pipe or a terminal

static atomic_bool never_waits;

static const char utf8_mark[] = "\xef\xbb\xbf", utf16_little[] = "\xff\xfe",
                  utf16_big[] = "\xfe\xff";

static bool starts_with(const char *text, size_t size, const char *start)
{
    return size >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

// Where offset is in text: line and column from 1. Every character counts one column.
static void locate(const char *text, size_t offset, int *line, int *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset; i++) {
        bool ends_line = text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
        if (ends_line) {
            ++*line;
            *column = 1;
        } else {
            *column += (text[i] & 0xc0) != 0x80;
        }
    }
}

// Drops the byte order mark, and refuses what is no text. The text ends in NUL.
static bool check(struct mc_text_file *file, const char *path, struct mc_error *err)
{
    if (starts_with(file->text, file->length, utf16_little) ||
        starts_with(file->text, file->length, utf16_big)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s:1:1: must be UTF-8, got UTF-16: save it as UTF-8", path);
    }
    if (starts_with(file->text, file->length, utf8_mark)) {
        file->length -= strlen(utf8_mark);
        memmove(file->text, file->text + strlen(utf8_mark), file->length + 1);
    }
    const char *nul = memchr(file->text, '\0', file->length);
    if (nul != NULL) {
        int line, column;
        locate(file->text, (size_t)(nul - file->text), &line, &column);
        return mc_error_set(
            err, MC_ERROR_FORMAT, 0,
            "%s:%d:%d: must be UTF-8 text, got a NUL byte (U+0000), as in UTF-16 or binary files",
            path, line, column);
    }
    if (file->length > MC_TEXT_FILE_BYTES_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be at most %d bytes, got more", path,
                            MC_TEXT_FILE_BYTES_MAX);
    }
    return true;
}

// Waits until fd, which has nothing to read, has something.
static bool wait_for_bytes(int fd, int64_t deadline_ns)
{
    int64_t left_ms = (deadline_ns - mc_clock_now_ns()) / MC_NS_PER_MS;
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    if (atomic_load(&never_waits) || left_ms <= 0 || poll(&poll_fd, 1, (int)left_ms) == 0) {
        errno = ETIMEDOUT;
        return false;
    }
    return true;
}

// Reads to the end, or until buffer is full. Returns false and sets errno on failure.
static bool read_all(int fd, char *buffer, size_t size, size_t *length)
{
    int64_t deadline_ns = mc_clock_now_ns() + PATIENCE_MS * MC_NS_PER_MS;
    while (*length < size) {
        ssize_t got = read(fd, buffer + *length, size - *length);
        if (got == 0) {
            return true;
        }
        if (got > 0) {
            *length += (size_t)got;
        } else if (errno == EAGAIN) {
            if (!wait_for_bytes(fd, deadline_ns)) {
                return false;
            }
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool read_file(struct mc_text_file *file, int fd, const char *path, struct mc_error *err)
{
    struct stat status;
    size_t size = MC_TEXT_FILE_BYTES_MAX + 1 + strlen(utf8_mark);
    file->text = malloc(size + 1);
    if (file->text == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    }
    if (!read_all(fd, file->text, size, &file->length)) {
        if (errno == ETIMEDOUT && atomic_load(&never_waits)) {
            return mc_error_set(
                err, MC_ERROR_SYSTEM, errno,
                "%s: must be written already: once started, the program waits for no pipe", path);
        }
        if (errno == ETIMEDOUT) {
            return mc_error_set(err, MC_ERROR_SYSTEM, errno, "%s: must be complete within %d s",
                                path, PATIENCE_MS / 1000);
        }
        return mc_error_set_errno(err, "%s", path);
    }
    file->text[file->length] = '\0';
    if (file->length == 0 && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: is a pipe that nobody writes to", path);
    }
    return check(file, path, err);
}

bool mc_text_file_read(struct mc_text_file *file, const char *path, struct mc_error *err)
{
    *file = (struct mc_text_file){ 0 };
    // Non-blocking: opening a pipe without a writer would wait for ever.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return mc_error_set_errno(err, "%s", path);
    }
    bool good = read_file(file, fd, path, err);
    close(fd);
    return good;
}

bool mc_text_file_copy(struct mc_text_file *file, const char *path, const char *bytes, size_t size,
                       struct mc_error *err)
{
    *file = (struct mc_text_file){ .text = malloc(size + 1), .length = size };
    if (file->text == NULL) {
        file->length = 0;
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
    }
    memcpy(file->text, bytes, size);
    file->text[size] = '\0';
    return check(file, path, err);
}

void mc_text_file_never_wait(void)
{
    atomic_store(&never_waits, true);
}

void mc_text_file_finish(struct mc_text_file *file)
{
    if (file->text != NULL) {
        explicit_bzero(file->text, file->length);
    }
    free(file->text);
    *file = (struct mc_text_file){ 0 };
}
