#include "pipeline/source/url.h"

#include <string.h>
#include <strings.h>

// In any case, as a scheme may be written (RFC 3986, 3.1).
static bool starts_with(const char *text, const char *start, const char **rest)
{
    size_t length = strlen(start);
    if (strncasecmp(text, start, length) != 0) {
        return false;
    }
    *rest = text + length;
    return true;
}

static bool ends_in(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcasecmp(text + length - tail, end) == 0;
}

static enum pipeline_url_kind file_kind(const char *path)
{
    return ends_in(path, ".sdp") ? PIPELINE_URL_SDP : PIPELINE_URL_FILE;
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
        return file_kind(*rest);
    }
    if (starts_with(url, "images:", rest)) {
        return PIPELINE_URL_IMAGES;
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
                                                              : file_kind(url);
}

bool pipeline_url_is_network(enum pipeline_url_kind kind)
{
    return kind == PIPELINE_URL_RTSP || kind == PIPELINE_URL_NETWORK;
}

bool pipeline_url_is_sent(enum pipeline_url_kind kind)
{
    return pipeline_url_is_network(kind) || kind == PIPELINE_URL_SDP;
}

void pipeline_url_lower_scheme(char *url)
{
    const char *rest;
    if (pipeline_url_is_network(pipeline_url_parse(url, &rest))) {
        for (; *url != ':'; url++) {
            *url = (char)(*url >= 'A' && *url <= 'Z' ? *url - 'A' + 'a' : *url);
        }
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

// Decodes the path of RFC 8089 behind file:// and the host.
static bool decode_path(const char *text, char *path, size_t size, struct mc_error *err)
{
    size_t length = 0;
    for (; *text != '\0' && length + 1 < size; text++) {
        char byte = *text;
        if (byte == '%') {
            const int high = hex_digit(text[1]), low = high >= 0 ? hex_digit(text[2]) : -1;
            if (low < 0 || high + low == 0) {
                return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                    "a %% of a file:// URL must be %%01 to %%FF, got '%.3s'", text);
            }
            byte = (char)(16 * high + low);
            text += 2;
        }
        path[length++] = byte;
    }
    path[length] = '\0';
    return *text == '\0' || mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the path is too long");
}

bool pipeline_url_path(const char *url, char *path, size_t size, struct mc_error *err)
{
    const char *rest = url;
    if (starts_with(url, "file://", &rest)) {
        rest += strncmp(rest, "localhost/", 10) == 0 ? 9 : 0;
        if (rest[0] != '/') {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "a file:// URL must be file:///PATH of this machine");
        }
        return decode_path(rest, path, size, err);
    }
    (void)(starts_with(url, "file:", &rest) || starts_with(url, "images:", &rest));
    const size_t length = strlen(rest);
    if (length >= size) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the path is too long");
    }
    memcpy(path, rest, length + 1);
    return true;
}

// user:password@host:port of a URL, without the first part; NULL when there is none.
static const char *find_authority(const char *url, size_t *length)
{
    const char *start = strstr(url, "://");
    if (start == NULL) {
        return NULL;
    }
    start += 3;
    *length = strcspn(start, "/?#");
    return start;
}

static const char *skip_user(const char *authority, size_t *length)
{
    const char *at = memrchr(authority, '@', *length);
    if (at != NULL) {
        *length -= (size_t)(at + 1 - authority);
        return at + 1;
    }
    return authority;
}

static const char *default_port(const char *url)
{
    static const struct {
        const char *scheme, *port;
    } ports[] = {
        { "rtsp://", "554" }, { "rtsps://", "322" }, { "http://", "80" }, { "https://", "443" }
    };
    const char *rest;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        if (starts_with(url, ports[i].scheme, &rest)) {
            return ports[i].port;
        }
    }
    return "";
}

static bool copy(char *out, size_t size, const char *text, size_t length)
{
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

// Copies the host. Returns what follows it, up to *end; NULL when there is no host, or no room.
static const char *take_host(const char *url, char *host, size_t size, const char **end)
{
    size_t length = 0;
    const char *authority = find_authority(url, &length);
    if (authority == NULL) {
        return NULL;
    }
    const char *at = skip_user(authority, &length), *host_end;
    *end = at + length;
    if (at[0] == '[') {
        at++;
        host_end = memchr(at, ']', (size_t)(*end - at));
    } else {
        host_end = memchr(at, ':', (size_t)(*end - at));
    }
    host_end = host_end == NULL ? *end : host_end;
    return copy(host, size, at, (size_t)(host_end - at)) ? host_end : NULL;
}

bool pipeline_url_host(const char *url, char *host, size_t size)
{
    const char *end;
    return take_host(url, host, size, &end) != NULL;
}

bool pipeline_url_endpoint(const char *url, char *host, size_t host_size, char *port,
                           size_t port_size)
{
    const char *end, *host_end = take_host(url, host, host_size, &end);
    if (host_end == NULL) {
        return false;
    }
    const char *colon = memchr(host_end, ':', (size_t)(end - host_end));
    const char *number = colon != NULL ? colon + 1 : default_port(url);
    return copy(port, port_size, number, colon != NULL ? (size_t)(end - number) : strlen(number));
}

// The scheme is all before "://".
static bool has_scheme(const char *url, const char *scheme)
{
    const size_t length = strlen(scheme);
    return strncasecmp(url, scheme, length) == 0 && strncmp(url + length, "://", 3) == 0;
}

static bool is_upgrade(const char *url, const char *port, const char *other, const char *other_port)
{
    return (has_scheme(url, "http") && has_scheme(other, "https") && strcmp(port, "80") == 0 &&
            strcmp(other_port, "443") == 0) ||
           (has_scheme(url, "rtsp") && has_scheme(other, "rtsps") && strcmp(port, "554") == 0 &&
            strcmp(other_port, "322") == 0);
}

bool pipeline_url_is_same_server(const char *url, const char *other)
{
    if (strncmp(other, "//", 2) == 0) {
        return false;
    }
    if (other[strcspn(other, ":/?#")] != ':') {
        return true; // relative
    }
    char host[256], port[16], other_host[256], other_port[16];
    if (!pipeline_url_endpoint(url, host, sizeof host, port, sizeof port) ||
        !pipeline_url_endpoint(other, other_host, sizeof other_host, other_port,
                               sizeof other_port) ||
        strstr(other, "://") != other + strcspn(other, ":")) {
        return false;
    }
    const size_t scheme = strcspn(url, ":");
    const bool same_scheme =
        strncasecmp(url, other, scheme + 3) == 0 && strcmp(port, other_port) == 0;
    return strcasecmp(host, other_host) == 0 &&
           (same_scheme || is_upgrade(url, port, other, other_port));
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

// All but letters, digits and -._~ as %XX.
static void write_escaped(struct writer *writer, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-._~", c) != NULL;
        const char escaped[3] = { '%', digits[c >> 4], digits[c & 15] };
        write_bytes(writer, plain ? text : escaped, plain ? 1 : 3);
    }
}

bool pipeline_url_insert_login(const char *url, const char *user, const char *password, char *out,
                               size_t size)
{
    size_t length = 0;
    const char *authority = find_authority(url, &length);
    if (authority == NULL || size == 0) {
        return false;
    }
    struct writer writer = { out, size, 0 };
    write_bytes(&writer, url, (size_t)(authority - url));
    write_escaped(&writer, user);
    write_bytes(&writer, ":", 1);
    write_escaped(&writer, password);
    write_bytes(&writer, "@", 1);
    const char *host = skip_user(authority, &length);
    write_bytes(&writer, host, strlen(host));
    out[writer.length] = '\0';
    return writer.length < size - 1;
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
