#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 1024 };

static const struct {
    const char *name;
    int priority; // of syslog(3), as in sd-daemon(3)
} levels[] = {
    [MC_LOG_ERROR] = { "error", 3 },
    [MC_LOG_WARNING] = { "warning", 4 },
    [MC_LOG_INFO] = { "info", 6 },
    [MC_LOG_DEBUG] = { "debug", 7 },
};

static _Atomic enum mc_log_level level_max = MC_LOG_INFO;
static void (*redirected)(enum mc_log_level level, const char *text);

void mc_log_level_set(enum mc_log_level level)
{
    level_max = level;
}

bool mc_log_enabled(enum mc_log_level level)
{
    return level <= level_max;
}

void mc_log_redirect(void (*write)(enum mc_log_level level, const char *text))
{
    redirected = write;
}

// JOURNAL_STREAM is the device and inode of the stream that systemd connected to the journal
// (systemd.exec(5)). It is inherited by programs whose stderr leads elsewhere, so its presence
// alone says nothing.
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    int length = 0;
    struct stat status;
    return stream != NULL && sscanf(stream, "%llu:%llu%n", &device, &inode, &length) == 2 &&
           stream[length] == '\0' && fstat(fd, &status) == 0 && status.st_dev == device &&
           status.st_ino == inode;
}

static int write_prefix(char *line, size_t size, enum mc_log_level level)
{
    if (is_journal(STDERR_FILENO)) {
        return snprintf(line, size, "<%d>", levels[level].priority);
    }
    struct timespec now;
    struct tm day;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &day);
    return snprintf(line, size, "%02d:%02d:%02d.%03ld %s: ", day.tm_hour, day.tm_min, day.tm_sec,
                    now.tv_nsec / 1000000, levels[level].name);
}

// Returns the new length.
static size_t replace_controls(char *text)
{
    size_t length = 0;
    for (const char *at = text; *at != '\0';) {
        const size_t control = mc_utf8_control_bytes(at);
        text[length++] = control > 0 ? '?' : *at;
        at += control > 0 ? control : 1;
    }
    text[length] = '\0';
    return length;
}

void mc_log(enum mc_log_level level, const char *format, ...)
{
    if (!mc_log_enabled(level)) {
        return;
    }
    char line[LINE_MAX_BYTES];
    int start = redirected != NULL ? 0 : write_prefix(line, sizeof line, level);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + start, sizeof line - (size_t)start - 1, format, arguments);
    va_end(arguments);
    size_t length = replace_controls(line + start) + (size_t)start;
    if (redirected != NULL) {
        redirected(level, line);
        return;
    }
    line[length++] = '\n';
    // One write per line, so that lines of several threads never mix. A failure
    // cannot be reported anywhere.
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}

bool mc_log_limit_pass(struct mc_log_limit *limit, int64_t interval_ns, unsigned *skipped)
{
    int64_t now = mc_clock_now_ns();
    if (now < limit->next_ns) {
        limit->skipped++;
        return false;
    }
    *skipped = limit->skipped;
    limit->skipped = 0;
    limit->next_ns = now + interval_ns;
    return true;
}
