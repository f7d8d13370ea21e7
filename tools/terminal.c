#include "tools/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

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
        const unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
        const bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0; // U+0080 to U+009F
        fputc(c < 0x20 || c == 0x7f || is_c1 ? '?' : c, out);
        text += is_c1;
    }
}
