#include "tools/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

#include "base/utf8.h"

enum { LINE_MAX_BYTES = 1024 };

void tools_complain(const char *format, ...)
{
    char line[LINE_MAX_BYTES];
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
    mc_utf8_write_visible(out, text, false);
}

void tools_print(FILE *out, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    tools_write_text(out, line);
}

void tools_write_lines(FILE *out, const char *text)
{
    mc_utf8_write_visible(out, text, true);
}

void tools_write_json(FILE *out, const char *json, size_t length)
{
    size_t start = 0; // of what is still to be written
    for (size_t i = 0; i < length; i++) {
        const unsigned char first = (unsigned char)json[i];
        const unsigned char second = i + 1 < length ? (unsigned char)json[i + 1] : 0;
        const bool is_c1 = first == 0xc2 && second >= 0x80 && second < 0xa0; // U+0080 to U+009F
        if (!is_c1 && first != 0x7f && (first >= 0x20 || first == '\n')) {
            continue;
        }
        fwrite(json + start, 1, i - start, out);
        if (first < 0x20) {
            fputc(' ', out);
        } else {
            fprintf(out, "\\u%04x", is_c1 ? second : first);
        }
        i += is_c1;
        start = i + 1;
    }
    if (start < length) {
        fwrite(json + start, 1, length - start, out);
    }
}
