// Writing what config_text.h reads.
#include <stdint.h>
#include <string.h>

#include "base/config_text.h"
#include "base/utf8.h"

// Whether the value would be read back as it is without quotes.
static bool is_plain(const char *value)
{
    const size_t length = strlen(value);
    const bool is_ascii = (unsigned char)value[0] < 0x80; // else it may be a typographic quote
    if (length == 0 || !is_ascii || strchr(" \t#;\"'", value[0]) != NULL ||
        strchr(" \t", value[length - 1]) != NULL) {
        return false;
    }
    for (const char *at = value; *at != '\0'; at++) {
        const bool begins_comment =
            (*at == '#' || *at == ';') && at > value && (at[-1] == ' ' || at[-1] == '\t');
        if (begins_comment) {
            return false;
        }
    }
    return true;
}

// Whether every character may stand in a file as it is.
static bool is_visible(const char *value)
{
    size_t left = strlen(value);
    while (left > 0) {
        uint32_t character;
        const int bytes = mc_utf8_decode(value, left, &character);
        if (bytes == 0 || mc_utf8_invisible_name(character) != NULL) {
            return false;
        }
        value += bytes;
        left -= (size_t)bytes;
    }
    return true;
}

static void write_escaped(FILE *out, const char *value)
{
    fputc('"', out);
    size_t left = strlen(value);
    while (left > 0) {
        uint32_t character;
        const int bytes = mc_utf8_decode(value, left, &character);
        if (bytes == 0 || mc_utf8_invisible_name(character) != NULL) {
            fprintf(out, "\\x%02x", (unsigned char)*value); // the bytes of a character one by one
            for (int i = 1; i < bytes; i++) {
                fprintf(out, "\\x%02x", (unsigned char)value[i]);
            }
        } else {
            fprintf(out, "%s%.*s", *value == '"' || *value == '\\' ? "\\" : "", bytes, value);
        }
        value += bytes == 0 ? 1 : bytes;
        left -= bytes == 0 ? 1 : (size_t)bytes;
    }
    fputc('"', out);
}

void mc_config_text_write_setting(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s = ", name);
    if (is_plain(value) && is_visible(value)) {
        fputs(value, out);
    } else {
        write_escaped(out, value);
    }
    fputc('\n', out);
}
