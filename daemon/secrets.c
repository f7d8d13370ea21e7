#include "daemon/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_text.h"
#include "base/value.h"
#include "daemon/options.h"
#include "pipeline/source/url.h"

// FFmpeg keeps "user:password", as it stands in the URL, in 128 bytes for RTSP (auth in
// libavformat/rtsp.c) and in 1024 for HTTP, and cuts what is longer without a word.
enum { RTSP_LOGIN_BYTES = 127 };

// The path of a password file: a credential, where there are any, or the name itself.
static bool find_file(const char *name, char *path, size_t size, struct mc_error *err)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    bool is_credential = strchr(name, '/') == NULL && directory != NULL;
    int length = snprintf(path, size, "%s%s%s", is_credential ? directory : "",
                          is_credential ? "/" : "", name);
    return (length >= 0 && (size_t)length < size) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "path must be at most %zu bytes long, got %d",
                        size - 1, length);
}

bool daemon_secrets_read_password(struct daemon_stream_options *stream, const char *name,
                                  struct mc_error *err)
{
    char path[PATH_MAX];
    struct mc_config_text text;
    struct mc_config_item item;
    if (!find_file(name, path, sizeof path, err)) {
        return false;
    }
    bool good =
        mc_config_text_open(&text, path, err) && mc_config_text_single(&text, &item, err) &&
        (mc_value_text("password", item.value, stream->password, sizeof stream->password, err) ||
         mc_error_wrap(err, "%s:%d:%d", path, item.line, item.value_column));
    mc_config_text_close(&text);
    return good;
}

// Length of "user:password" in the URL.
static size_t login_length(const char *url)
{
    const char *start = strstr(url, "://");
    if (start == NULL) {
        return 0;
    }
    start += strlen("://");
    const char *at = memrchr(start, '@', strcspn(start, "/?#"));
    return at == NULL ? 0 : (size_t)(at - start);
}

static bool insert_login(struct daemon_stream_options *stream, struct mc_error *err)
{
    char url[DAEMON_URL_BYTES];
    size_t length = strlen(stream->url);
    if (!pipeline_url_insert_login(stream->url, stream->user, stream->password, url, sizeof url)) {
        return strstr(stream->url, "://") == NULL
                   ? mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                  "url must name a host, as in rtsp://camera.local/live, where "
                                  "there are user and password")
                   : mc_error_set(
                         err, MC_ERROR_ARGUMENT, 0,
                         "url of %zu bytes with user and password must be at most %zu bytes",
                         length, sizeof url - 2);
    }
    memcpy(stream->url, url, sizeof url);
    return true;
}

bool daemon_secrets_check_url(const char *url, struct mc_error *err)
{
    const char *rest;
    size_t length = login_length(url);
    return pipeline_url_parse(url, &rest) != PIPELINE_URL_RTSP || length <= RTSP_LOGIN_BYTES ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "login must be at most %d bytes for RTSP, got %zu: that is user:password "
                        "as it stands in the URL, with escapes",
                        RTSP_LOGIN_BYTES, length);
}

bool daemon_secrets_insert_login(struct daemon_stream_options *stream, struct mc_error *err)
{
    if (stream->user[0] != '\0') {
        return insert_login(stream, err) && daemon_secrets_check_url(stream->url, err);
    }
    return stream->password[0] == '\0' ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "password must come with a user");
}
