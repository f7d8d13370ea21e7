#include "tools/terminal.h"

#include <errno.h>
#include <stdarg.h>

void tools_complain(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    tools_write_text(stderr, line);
    fputc('\n', stderr);
}

void tools_write_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}
