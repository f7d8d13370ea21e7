#include "daemon/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"
#include "pipeline/source/url.h"

bool daemon_secrets_read_password(struct daemon_stream_options *stream, const char *name,
                                  struct mc_error *err)
{
    char path[PATH_MAX];
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    bool credential = strchr(name, '/') == NULL && directory != NULL;
    snprintf(path, sizeof path, "%s%s%s", credential ? directory : "", credential ? "/" : "", name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return mc_error_set_errno(err, "password-file: %s", path);
    }
    char *got = fgets(stream->password, sizeof stream->password, file);
    fclose(file);
    stream->password[strcspn(stream->password, "\r\n")] = '\0';
    return (got != NULL && stream->password[0] != '\0') ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "password-file: %s: has no first line", path);
}

bool daemon_secrets_sign_urls(struct daemon_options *options, struct mc_error *err)
{
    for (int i = 0; i < options->stream_count; i++) {
        struct daemon_stream_options *stream = &options->streams[i];
        char url[DAEMON_URL_BYTES];
        if (stream->user[0] == '\0') {
            if (stream->password[0] != '\0') {
                return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                    "[stream %s]: has a password, but no user", stream->name);
            }
            continue;
        }
        if (!pipeline_url_sign(stream->url, stream->user, stream->password, url, sizeof url)) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "[stream %s]: user and password want a URL with a host",
                                stream->name);
        }
        memcpy(stream->url, url, sizeof url);
    }
    return true;
}
