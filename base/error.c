#include "base/error.h"
#undef mc_error_set
#undef mc_error_set_errno
#undef mc_error_wrap

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool mc_error_set(struct mc_error *err, enum mc_error_code code, int detail, const char *format,
                  ...)
{
    if (err != NULL) {
        err->code = code;
        err->detail = detail;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
    }
    return false;
}

// Puts "context: " before the message that err already has.
static void prepend(struct mc_error *err, const char *format, va_list arguments)
{
    char cause[sizeof err->message];
    memcpy(cause, err->message, sizeof cause);
    int length = vsnprintf(err->message, sizeof err->message, format, arguments);
    if (length >= 0 && (size_t)length < sizeof err->message) {
        snprintf(err->message + length, sizeof err->message - (size_t)length, ": %s", cause);
    }
}

bool mc_error_wrap(struct mc_error *err, const char *format, ...)
{
    if (err != NULL) {
        va_list arguments;
        va_start(arguments, format);
        prepend(err, format, arguments);
        va_end(arguments);
    }
    return false;
}

bool mc_error_set_errno(struct mc_error *err, const char *format, ...)
{
    int number = errno;
    if (err != NULL) {
        mc_error_set(err, MC_ERROR_SYSTEM, number, "%s", strerrordesc_np(number));
        va_list arguments;
        va_start(arguments, format);
        prepend(err, format, arguments);
        va_end(arguments);
    }
    return false;
}
