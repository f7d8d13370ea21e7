#include "protocol/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const error_code_names[] = {
    [PROTOCOL_ERROR_BAD_REQUEST] = "bad-request",
    [PROTOCOL_ERROR_UNKNOWN_TYPE] = "unknown-type",
    [PROTOCOL_ERROR_UNKNOWN_STREAM] = "unknown-stream",
    [PROTOCOL_ERROR_TOO_LONG] = "too-long",
    [PROTOCOL_ERROR_UNSUPPORTED] = "unsupported",
    [PROTOCOL_ERROR_WRONG_VERSION] = "wrong-version",
    [PROTOCOL_ERROR_TOO_MANY] = "too-many",
    [PROTOCOL_ERROR_FORBIDDEN] = "forbidden",
    [PROTOCOL_ERROR_NO_FACE] = "no-face",
    [PROTOCOL_ERROR_STORAGE] = "storage",
    [PROTOCOL_ERROR_EXISTS] = "exists",
    [PROTOCOL_ERROR_CONFIGURATION] = "configuration",
    [PROTOCOL_ERROR_OTHER] = "other",
};

const char *protocol_error_code_name(enum protocol_error_code code)
{
    return error_code_names[code];
}

enum protocol_error_code protocol_error_code_parse(const char *text)
{
    for (int i = 0; i < PROTOCOL_ERROR_OTHER; i++) {
        if (strcmp(text, error_code_names[i]) == 0) {
            return (enum protocol_error_code)i;
        }
    }
    return PROTOCOL_ERROR_OTHER;
}

bool protocol_refuse(struct protocol_error *error, enum protocol_error_code code,
                     const char *format, ...)
{
    va_list arguments;
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

const char *protocol_calibrate_action_name(enum protocol_calibrate_action action)
{
    static const char *const names[] = {
        [PROTOCOL_CALIBRATE_NEUTRAL] = "neutral", [PROTOCOL_CALIBRATE_RANGE] = "range",
        [PROTOCOL_CALIBRATE_SHOW] = "show",       [PROTOCOL_CALIBRATE_USE] = "use",
        [PROTOCOL_CALIBRATE_RESET] = "reset",
    };
    return names[action];
}

const char *protocol_stream_action_name(enum protocol_stream_action action)
{
    static const char *const names[] = {
        [PROTOCOL_STREAM_ADD] = "add",
        [PROTOCOL_STREAM_REMOVE] = "remove",
        [PROTOCOL_STREAM_SET] = "set",
    };
    return names[action];
}

bool protocol_names_contain(const char (*names)[PROTOCOL_NAME_BYTES], int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static bool is_name_of(const char *name, const char *characters)
{
    const size_t length = strlen(name);
    return length > 0 && length < PROTOCOL_NAME_BYTES && strspn(name, characters) == length;
}

bool protocol_profile_valid(const char *name)
{
    return is_name_of(name, WORD);
}

bool protocol_stream_name_valid(const char *name)
{
    return is_name_of(name, WORD ".");
}

void protocol_settings_merge(struct protocol_settings *settings,
                             const struct protocol_settings *given)
{
    settings->smooth = given->given & PROTOCOL_SETTING_SMOOTH ? given->smooth : settings->smooth;
    if (given->given & PROTOCOL_SETTING_MIN_CUTOFF) {
        settings->smooth_min_cutoff = given->smooth_min_cutoff;
    }
    if (given->given & PROTOCOL_SETTING_BETA) {
        settings->smooth_beta = given->smooth_beta;
    }
    settings->fov = given->given & PROTOCOL_SETTING_FOV ? given->fov : settings->fov;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (given->gains.known & UINT64_C(1) << i) {
            settings->gains.values[i] = given->gains.values[i];
        }
    }
}
