#include "pipeline/source/libav.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/source/url.h"

enum { LINE_BYTES = 256 };

static _Thread_local uint64_t error_count;
static _Thread_local bool capturing;
static _Thread_local char captured[LINE_BYTES]; // the last error that FFmpeg logged on this thread

static _Thread_local bool is_muted;
static _Thread_local int refused_width, refused_height; // 0: none

static _Thread_local bool (*redirect_allows)(void *user, const char *url);
static _Thread_local void *redirect_user;
static _Thread_local bool is_refused; // a redirect, while capturing

static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER; // guards limit
static struct mc_log_limit limit;

static bool limit_pass(unsigned *skipped)
{
    pthread_mutex_lock(&limit_lock);
    bool pass = mc_log_limit_pass(&limit, MC_NS_PER_SECOND, skipped);
    pthread_mutex_unlock(&limit_lock);
    return pass;
}

static void handle_error(const char *line)
{
    error_count++;
    if (capturing && is_refused) {
        return; // what follows from it says less
    }
    if (capturing) {
        snprintf(captured, sizeof captured, "%s", line);
        return;
    }
    unsigned skipped = 0;
    if (!limit_pass(&skipped)) {
        return;
    }
    if (skipped > 0) {
        mc_log(MC_LOG_WARNING, "FFmpeg: %s (and %u more)", line, skipped);
    } else {
        mc_log(MC_LOG_WARNING, "FFmpeg: %s", line);
    }
}

// Where a log line announces a redirect, to where; else NULL.
static const char *redirect_of(const char *format, va_list arguments)
{
    va_list copy;
    const char *url = NULL;
    va_copy(copy, arguments);
    if (strcmp(format, "header='%s'\n") == 0) {
        const char *header = va_arg(copy, const char *);
        if (strncasecmp(header, "Location:", 9) == 0) {
            url = header + 9 + strspn(header + 9, " \t");
        }
    } else if (strcmp(format, "Status %d: Redirecting to %s\n") == 0) {
        (void)va_arg(copy, int);
        url = va_arg(copy, const char *);
    }
    va_end(copy);
    return url;
}

// FFmpeg 5.1 follows redirects without asking, but logs them before. What does so is
// then left without a protocol to follow them with.
static void vet_redirect(void *context, const char *format, va_list arguments)
{
    const char *url = redirect_of(format, arguments);
    if (url == NULL || redirect_allows(redirect_user, url)) {
        return;
    }
    char text[LINE_BYTES], line[LINE_BYTES];
    av_opt_set(context, "protocol_whitelist", "none", 0);
    snprintf(text, sizeof text, "it redirects to %s, which must be on the same server", url);
    pipeline_url_redact(text, line, sizeof line);
    handle_error(line);
    is_refused = true;
}

// Frames that are larger than max_pixels fail before get_buffer2 sees them; FFmpeg only logs why.
static bool note_refused_size(const char *format, va_list arguments)
{
    if (strncmp(format, "Picture size %ux%u exceeds ", 27) != 0) {
        return false;
    }
    va_list copy;
    va_copy(copy, arguments);
    refused_width = (int)va_arg(copy, unsigned);
    refused_height = (int)va_arg(copy, unsigned);
    va_end(copy);
    return true;
}

bool pipeline_libav_take_refused_size(int *width, int *height)
{
    const bool any = refused_width > 0;
    *width = refused_width;
    *height = refused_height;
    refused_width = refused_height = 0;
    return any;
}

void pipeline_libav_mute_errors(bool muted)
{
    is_muted = muted;
}

// FFmpeg's errors are our warnings: bad packets are routine. Its warnings are mostly
// about oddities of encoders, useful only when debugging.
static void log_callback(void *context, int level, const char *format, va_list arguments)
{
    // A sound or subtitle that pipeline/source/access.c does not let through is no error.
    const bool refused = note_refused_size(format, arguments);
    const bool error = level <= AV_LOG_ERROR && !refused && !is_muted &&
                       strstr(format, "not on whitelist") == NULL;
    if (redirect_allows != NULL && context != NULL) {
        vet_redirect(context, format, arguments);
    }
    if (level > AV_LOG_VERBOSE || (!error && !mc_log_enabled(MC_LOG_DEBUG))) {
        return;
    }
    char text[LINE_BYTES], line[LINE_BYTES];
    static _Thread_local int print_prefix = 1;
    av_log_format_line2(context, level, format, arguments, text, sizeof text, &print_prefix);
    text[strcspn(text, "\r\n")] = '\0';
    pipeline_url_redact(text, line, sizeof line);
    if (line[0] == '\0') {
        return;
    }
    if (error) {
        handle_error(line);
    } else {
        mc_log(MC_LOG_DEBUG, "FFmpeg: %s", line);
    }
}

void pipeline_libav_vet_redirects(bool (*allows)(void *user, const char *url), void *user)
{
    redirect_allows = allows;
    redirect_user = user;
}

static void init_once(void)
{
    av_log_set_callback(log_callback);
    avformat_network_init();
}

void pipeline_libav_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_once);
}

uint64_t pipeline_libav_error_count(void)
{
    return error_count;
}

void pipeline_libav_error_capture_begin(void)
{
    capturing = true;
    is_refused = false;
    captured[0] = '\0';
}

void pipeline_libav_error_capture_end(void)
{
    capturing = false;
    captured[0] = '\0';
}

// FFmpeg's line without its "[demuxer @ 0xaddress] ".
static const char *without_prefix(const char *line)
{
    const char *end = line[0] == '[' ? strstr(line, "] ") : NULL;
    return end != NULL ? end + 2 : line;
}

bool pipeline_libav_error(struct mc_error *err, int averror, const char *format, ...)
{
    char context[LINE_BYTES], meaning[AV_ERROR_MAX_STRING_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    av_strerror(averror, meaning, sizeof meaning);
    if (captured[0] != '\0') {
        return mc_error_set(err, MC_ERROR_MEDIA, averror, "%s: %s (%s)", context, meaning,
                            without_prefix(captured));
    }
    return mc_error_set(err, MC_ERROR_MEDIA, averror, "%s: %s", context, meaning);
}
