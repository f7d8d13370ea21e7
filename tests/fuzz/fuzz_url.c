// URLs of sources: their kind, server and path, credentials put in and hidden, and a webcam's
// options. The first byte is the room for results.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/source/url.h"
#include "pipeline/source/v4l2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "sEcReT"

static void require(bool good)
{
    if (!good) {
        abort();
    }
}

// What is signed shows no trace of the secret when it is redacted.
static void check_secret(const char *url, char *out, size_t room)
{
    static char shown[8192];
    if (pipeline_url_insert_login(url, "usr", SECRET, out, room)) {
        pipeline_url_redact(out, shown, sizeof shown);
        require(strstr(url, SECRET) != NULL || strstr(shown, SECRET) == NULL);
    }
}

static void check(const char *url, char *out, size_t room)
{
    struct mc_error err = { 0 };
    const char *rest;
    char host[64], port[16];
    const enum pipeline_url_kind kind = pipeline_url_parse(url, &rest);
    require(rest >= url && rest <= url + strlen(url));
    if (pipeline_url_endpoint(url, host, sizeof host, port, sizeof port)) {
        require(host[0] != '\0' && strlen(host) < sizeof host && strlen(port) < sizeof port);
    }
    pipeline_url_redact(url, out, room);
    require(strlen(out) < room);
    if (!pipeline_url_path(url, out, room, &err)) {
        require(err.message[0] != '\0');
    }
    (void)pipeline_url_is_same_server(url, "rtsp://camera.local/live");
    (void)pipeline_url_is_same_server("https://a:1/", url);
    check_secret(url, out, room);
    struct pipeline_v4l2_options options;
    if (kind == PIPELINE_URL_V4L2 && pipeline_v4l2_parse(rest, &options, &err)) {
        require(options.width > 0 && options.height > 0 && options.rate >= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const size_t room = 1 + data[0] * 8u;
    char *url = malloc(size), *out = malloc(room);
    require(url != NULL && out != NULL);
    memcpy(url, data + 1, size - 1);
    url[size - 1] = '\0';
    check(url, out, room);
    free(out);
    free(url);
    return 0;
}
