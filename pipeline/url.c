#include "pipeline/url.h"

#include <string.h>

static bool starts_with(const char *text, const char *start, const char **rest)
{
    size_t length = strlen(start);
    if (strncmp(text, start, length) != 0) {
        return false;
    }
    *rest = text + length;
    return true;
}

enum pipeline_url_kind pipeline_url_parse(const char *url, const char **rest)
{
    if (starts_with(url, "v4l2:", rest)) {
        return PIPELINE_URL_V4L2;
    }
    if (starts_with(url, "lavfi:", rest)) {
        return PIPELINE_URL_LAVFI;
    }
    if (starts_with(url, "demo:", rest)) {
        return PIPELINE_URL_DEMO;
    }
    if (starts_with(url, "file://", rest) || starts_with(url, "file:", rest)) {
        return PIPELINE_URL_FILE;
    }
    bool rtsp = starts_with(url, "rtsp://", rest) || starts_with(url, "rtsps://", rest);
    *rest = url;
    if (rtsp) {
        return PIPELINE_URL_RTSP;
    }
    // A scheme is letters, digits and +-. before ://; a path may hold that later on.
    size_t scheme =
        strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return scheme > 0 && strncmp(url + scheme, "://", 3) == 0 ? PIPELINE_URL_NETWORK
                                                              : PIPELINE_URL_FILE;
}

struct writer {
    char *out;
    size_t size, length;
};

static void write_bytes(struct writer *writer, const char *bytes, size_t count)
{
    size_t room = writer->size - 1 - writer->length;
    if (count > room) {
        count = room;
    }
    memcpy(writer->out + writer->length, bytes, count);
    writer->length += count;
}

void pipeline_url_redact(const char *text, char *out, size_t size)
{
    static const char hidden[] = "***";
    if (size == 0) {
        return;
    }
    struct writer writer = { out, size, 0 };
    const char *scheme_end;
    while ((scheme_end = strstr(text, "://")) != NULL) {
        const char *body = scheme_end + 3;
        write_bytes(&writer, text, (size_t)(body - text));
        // The last @ of all: a password may hold what should end a URL.
        const char *at = strrchr(body, '@');
        if (at != NULL) {
            write_bytes(&writer, hidden, sizeof hidden - 1);
            body = at;
        }
        size_t length = strcspn(body, " \t\r\n'\"<>");
        const char *query = memchr(body, '?', length);
        size_t shown = query != NULL ? (size_t)(query - body) + 1 : length;
        write_bytes(&writer, body, shown);
        if (query != NULL) {
            write_bytes(&writer, hidden, sizeof hidden - 1);
        }
        text = body + length;
    }
    write_bytes(&writer, text, strlen(text));
    out[writer.length] = '\0';
}
