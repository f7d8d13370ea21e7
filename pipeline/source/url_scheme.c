#include "pipeline/source/url_scheme.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <libavformat/avio.h>

#include "base/suggestion.h"
#include "pipeline/source/url.h"

enum { SCHEME_BYTES = 32 };

// What people mean most often comes first; RTSP is no protocol of FFmpeg's list.
static const char *const common[] = { "rtsp", "rtsps", "http", "https", "file", NULL };
static const char *const ours[] = { "v4l2", "demo", "lavfi", "images", NULL };

static bool is_known(const char *scheme, struct mc_suggestion *suggestion)
{
    void *state = NULL;
    const char *name;
    for (int i = 0; common[i] != NULL; i++) {
        mc_suggestion_consider(suggestion, common[i]);
        if (strcasecmp(common[i], scheme) == 0) {
            return true;
        }
    }
    while ((name = avio_enum_protocols(&state, 0)) != NULL) {
        mc_suggestion_consider(suggestion, name);
        if (strcasecmp(name, scheme) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_protocol(const char *scheme, struct mc_error *err)
{
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, scheme);
    if (is_known(scheme, &suggestion)) {
        return true;
    }
    const bool near = suggestion.best != NULL;
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "unknown protocol '%s://'%s%s%s; docs/configuration.md has the kinds of "
                        "sources",
                        scheme, near ? "; did you mean '" : "", near ? suggestion.best : "",
                        near ? "://'?" : "");
}

// A file of that name is what it says.
static bool check_prefix(const char *url, const char *scheme, struct mc_error *err)
{
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, scheme);
    for (int i = 0; ours[i] != NULL; i++) {
        mc_suggestion_consider(&suggestion, ours[i]);
    }
    return suggestion.best == NULL || access(url, F_OK) == 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown source '%s:'; did you mean '%s:'?",
                        scheme, suggestion.best);
}

bool pipeline_url_check_scheme(const char *url, struct mc_error *err)
{
    char scheme[SCHEME_BYTES];
    const char *rest;
    const size_t size = strlen(url), length = strcspn(url, ":/");
    if (size >= 2 && (url[0] == '"' || url[0] == '\'') && url[size - 1] == url[0]) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "must be without the quotation marks around it");
    }
    if (url[length] != ':' || length == 0 || length >= sizeof scheme) {
        return true;
    }
    snprintf(scheme, sizeof scheme, "%.*s", (int)length, url);
    switch (pipeline_url_parse(url, &rest)) {
    case PIPELINE_URL_NETWORK:
        return check_protocol(scheme, err);
    case PIPELINE_URL_FILE:
    case PIPELINE_URL_SDP:
        return strcasecmp(scheme, "file") == 0 || check_prefix(url, scheme, err);
    default:
        return true;
    }
}
