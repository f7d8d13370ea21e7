#include "tools/mocapctl/command.h"

#include <errno.h>
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
