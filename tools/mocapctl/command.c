#include "tools/mocapctl/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

void mocapctl_complain(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fputs("mocapctl: ", stderr);
    mocapctl_write_text(stderr, line);
    fputc('\n', stderr);
}

struct mocap_client *mocapctl_connect(const char *path)
{
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(path, MOCAPCTL_REPLY_MS, &error);
    if (client == NULL) {
        bool absent = error.number == ENOENT || error.number == ECONNREFUSED;
        mocapctl_complain("%s%s", error.message, absent ? "; is mocapd running?" : "");
    }
    return client;
}

void mocapctl_option_error(struct mc_error *err, int found, char **argv)
{
    if (found == ':') {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s wants a value", argv[optind - 1]);
    } else if (optopt != 0 && argv[optind - 1][1] == '-') {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s takes no value", argv[optind - 1]);
    } else if (optopt != 0) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown option -%c", optopt);
    } else {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown option %s", argv[optind - 1]);
    }
}

bool mocapctl_parse_count(const char *option, const char *text, long least, long *value,
                          struct mc_error *err)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < least) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s wants a whole number from %ld on, got '%s'", option, least, text);
    }
    *value = number;
    return true;
}

bool mocapctl_file_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

void mocapctl_write_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}
