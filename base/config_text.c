#include "base/config_text.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

// A place in one line, which ends in NUL.
struct cursor {
    char *at;
    int column;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_comment(char c)
{
    return c == '#' || c == ';';
}

static bool refuse_character(uint32_t character, const char *name, struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "must be visible text, got U+%04X (%s): delete it or, where it is meant, "
                        "write \"\\%c%0*x\" in double quotes",
                        (unsigned)character, name, character > 0xffff ? 'U' : 'u',
                        character > 0xffff ? 8 : 4, (unsigned)character);
}

// Steps over one character, unless it must not be in a file.
static bool advance(struct cursor *cursor, struct mc_error *err)
{
    uint32_t character;
    int length = mc_utf8_decode(cursor->at, strlen(cursor->at), &character);
    if (length == 0) {
        unsigned byte = (unsigned char)*cursor->at;
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "must be UTF-8, got the byte 0x%02X: save the file as UTF-8 or, where "
                            "the byte is meant, write \"\\x%02x\" in double quotes",
                            byte, byte);
    }
    const char *name = mc_utf8_invisible_name(character);
    if (name != NULL && character != '\t') {
        return refuse_character(character, name, err);
    }
    cursor->at += length;
    cursor->column++;
    return true;
}

static void skip_blanks(struct cursor *cursor)
{
    while (is_blank(*cursor->at)) {
        cursor->at++;
        cursor->column++;
    }
}

static int read_hex(const char *text, int digits, uint32_t *value)
{
    static const char hex[] = "0123456789abcdef0123456789ABCDEF";
    *value = 0;
    for (int i = 0; i < digits; i++) {
        const char *found = text[i] == '\0' ? NULL : strchr(hex, text[i]);
        if (found == NULL) {
            return 0;
        }
        *value = *value << 4 | ((uint32_t)(found - hex) & 15);
    }
    return digits;
}

// Reads the escape behind a backslash into bytes, and sets how many there are. Returns how many
// bytes of text it takes, or 0 when there is no such escape.
static int read_escape(const char *text, char bytes[MC_UTF8_BYTES_MAX], int *count)
{
    static const char letters[][2] = {
        { '"', '"' }, { '\'', '\'' }, { '\\', '\\' }, { 't', '\t' }, { 'n', '\n' }, { 'r', '\r' },
    };
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (text[0] == letters[i][0]) {
            bytes[0] = letters[i][1];
            *count = 1;
            return 1;
        }
    }
    int digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
    uint32_t value;
    if (digits == 0 || read_hex(text + 1, digits, &value) == 0 || value == 0) {
        return 0;
    }
    bytes[0] = (char)value;
    *count = text[0] == 'x' ? 1 : mc_utf8_encode(value, bytes);
    return *count == 0 ? 0 : 1 + digits;
}

static bool refuse_escape(const char *text, struct mc_error *err)
{
    bool shown = text[0] > ' ' && text[0] < 0x7f;
    return mc_error_set(
        err, MC_ERROR_FORMAT, 0,
        "must be one of \\\" \\\\ \\' \\t \\n \\r \\xHH \\uHHHH \\UHHHHHHHH in double "
        "quotes, got \\%.*s: write \\\\ for a backslash, or use single quotes",
        shown ? 1 : 0, text);
}

// Reads a value in quotes; cursor is at the first and ends behind the last. The value is
// unescaped in place: that never makes it longer.
static bool read_quoted(struct cursor *cursor, char **value, struct mc_error *err)
{
    struct cursor start = *cursor;
    char quote = *cursor->at++;
    char *to = *value = cursor->at;
    cursor->column++;
    while (*cursor->at != quote) {
        char *from = cursor->at;
        if (*from == '\0') {
            *cursor = start;
            return mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "must end in %c as it begins; a value that begins with a quotation "
                                "mark of its own goes into quotes of the other kind",
                                quote);
        }
        if (*from == '\\' && quote == '"') {
            char bytes[MC_UTF8_BYTES_MAX];
            int count, taken = read_escape(from + 1, bytes, &count);
            if (taken == 0) {
                return refuse_escape(from + 1, err);
            }
            memcpy(to, bytes, (size_t)count);
            to += count;
            cursor->at += 1 + taken;
            cursor->column += 1 + taken;
            continue;
        }
        if (!advance(cursor, err)) {
            return false;
        }
        memmove(to, from, (size_t)(cursor->at - from));
        to += cursor->at - from;
    }
    cursor->at++;
    cursor->column++;
    *to = '\0';
    return true;
}

// Refuses quotes that a word processor or a web page has made of " and '.
static bool check_first(const struct cursor *cursor, struct mc_error *err)
{
    uint32_t first = 0;
    if (*cursor->at == '\0' || mc_utf8_decode(cursor->at, strlen(cursor->at), &first) == 0) {
        return true; // advance finds the fault
    }
    bool typographic = (first >= 0x2018 && first <= 0x201f) || first == 0xab || first == 0xbb;
    return !typographic ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "must be quoted with \" or ', got the typographic quotation mark U+%04X",
                        (unsigned)first);
}

// Reads a value without quotes, up to a comment or the end. Where comments is false there are
// none.
static bool read_plain(struct cursor *cursor, bool comments, char **value, struct mc_error *err)
{
    char *end = *value = cursor->at;
    if (!check_first(cursor, err)) {
        return false;
    }
    while (*cursor->at != '\0' &&
           !(comments && is_comment(*cursor->at) && is_blank(cursor->at[-1]))) {
        if (!advance(cursor, err)) {
            return false;
        }
        end = is_blank(cursor->at[-1]) ? end : cursor->at;
    }
    if (end == *value) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a value, got %s",
                            *cursor->at == '\0'
                                ? "nothing"
                                : "a comment: a value that begins with # or ; goes into quotes");
    }
    *end = '\0';
    return true;
}

static bool expect_end(struct cursor *cursor, const char *after, struct mc_error *err)
{
    skip_blanks(cursor);
    return *cursor->at == '\0' || is_comment(*cursor->at) ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a comment or nothing after the %s",
                        after);
}

// A line that sets nothing. Its first word is shown where it looks like a name: anything else
// may be a password.
static bool refuse_line(const char *line, struct mc_error *err)
{
    size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz_-");
    if (length == 0 || (line[length] != '\0' && !is_blank(line[length]))) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be name = value or [section]");
    }
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be name = value or [section], got '%.*s'",
                        length < 40 ? (int)length : 40, line);
}

static bool read_setting(struct cursor *cursor, struct mc_config_item *item, struct mc_error *err)
{
    struct cursor start = *cursor;
    item->kind = MC_CONFIG_SETTING;
    item->name = cursor->at;
    item->name_column = cursor->column;
    while (*cursor->at != '\0' && *cursor->at != '=' && !is_blank(*cursor->at)) {
        if (!advance(cursor, err)) {
            return false;
        }
    }
    char *name_end = cursor->at;
    skip_blanks(cursor);
    if (*cursor->at != '=' || name_end == start.at) {
        *cursor = start;
        return refuse_line(start.at, err);
    }
    cursor->at++;
    cursor->column++;
    *name_end = '\0';
    skip_blanks(cursor);
    item->value_column = cursor->column;
    char *value;
    bool quoted = *cursor->at == '"' || *cursor->at == '\'';
    bool good = quoted ? read_quoted(cursor, &value, err) && expect_end(cursor, "quotes", err)
                       : read_plain(cursor, true, &value, err);
    item->value = good ? value : NULL;
    return good;
}

// Reads the rest of a header up to its bracket, without the blanks around it.
static bool read_section_value(struct cursor *cursor, char **value, struct mc_error *err)
{
    bool quoted = *cursor->at == '"' || *cursor->at == '\'';
    char *end = *value = cursor->at;
    if (quoted) {
        if (!read_quoted(cursor, value, err)) {
            return false;
        }
        skip_blanks(cursor);
    }
    while (!quoted && *cursor->at != '\0' && *cursor->at != ']') {
        if (!advance(cursor, err)) {
            return false;
        }
        end = is_blank(cursor->at[-1]) ? end : cursor->at;
    }
    if (*cursor->at != ']') {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be ] at the end of the section's name");
    }
    cursor->at++;
    cursor->column++;
    if (!quoted) {
        *end = '\0';
    }
    return true;
}

static bool read_section(struct cursor *cursor, struct mc_config_item *item, struct mc_error *err)
{
    cursor->at++;
    cursor->column++;
    skip_blanks(cursor);
    item->kind = MC_CONFIG_SECTION;
    item->name = cursor->at;
    item->name_column = cursor->column;
    while (*cursor->at != '\0' && strchr(" \t]\"'", *cursor->at) == NULL) {
        if (!advance(cursor, err)) {
            return false;
        }
    }
    char *name_end = cursor->at, *value;
    skip_blanks(cursor);
    item->value_column = cursor->column;
    if (!read_section_value(cursor, &value, err) || !expect_end(cursor, "]", err)) {
        return false;
    }
    item->value = value;
    *name_end = '\0';
    return true;
}

// Cuts the next line off the text. Returns NULL at its end.
static char *take_line(struct mc_config_text *config)
{
    char *line = config->next;
    if (line == NULL || line == config->file.text + config->file.length) {
        return NULL;
    }
    char *end = line + strcspn(line, "\r\n");
    config->next = end + (end[0] == '\r' && end[1] == '\n' ? 2 : end[0] != '\0');
    config->line++;
    *end = '\0';
    return line;
}

bool mc_config_text_open(struct mc_config_text *config, const char *path, struct mc_error *err)
{
    *config = (struct mc_config_text){ .path = path };
    bool good = mc_text_file_read(&config->file, path, err);
    config->next = good ? config->file.text : NULL;
    return good;
}

bool mc_config_text_open_memory(struct mc_config_text *config, const char *path, const char *bytes,
                                size_t size, struct mc_error *err)
{
    *config = (struct mc_config_text){ .path = path };
    bool good = mc_text_file_copy(&config->file, path, bytes, size, err);
    config->next = good ? config->file.text : NULL;
    return good;
}

void mc_config_text_close(struct mc_config_text *config)
{
    mc_text_file_finish(&config->file);
    config->next = NULL;
}

static bool locate_error(const struct mc_config_text *config, const struct cursor *cursor,
                         struct mc_error *err)
{
    return mc_error_wrap(err, "%s:%d:%d", config->path, config->line, cursor->column);
}

bool mc_config_text_next(struct mc_config_text *config, struct mc_config_item *item,
                         struct mc_error *err)
{
    char *line;
    while ((line = take_line(config)) != NULL) {
        struct cursor cursor = { line, 1 };
        skip_blanks(&cursor);
        if (*cursor.at == '\0' || is_comment(*cursor.at)) {
            continue;
        }
        *item = (struct mc_config_item){ .line = config->line };
        bool good =
            *cursor.at == '[' ? read_section(&cursor, item, err) : read_setting(&cursor, item, err);
        return good || locate_error(config, &cursor, err);
    }
    *item = (struct mc_config_item){ .kind = MC_CONFIG_END,
                                     .line = config->line > 0 ? config->line : 1 };
    return true;
}

// True when text, less the blanks at its end, begins and ends with the same quotation mark.
static bool is_quoted(const char *text)
{
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1])) {
        length--;
    }
    return length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0];
}

static bool read_single(struct cursor *cursor, struct mc_config_item *item, struct mc_error *err)
{
    char *value;
    item->value_column = cursor->column;
    bool quoted = is_quoted(cursor->at);
    bool good = quoted ? read_quoted(cursor, &value, err) : read_plain(cursor, false, &value, err);
    item->value = good ? value : NULL;
    if (good && quoted) {
        skip_blanks(cursor);
        good = *cursor->at == '\0' ||
               mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "must be one value in quotes, got more behind the closing one");
    }
    return good;
}

bool mc_config_text_single(struct mc_config_text *config, struct mc_config_item *item,
                           struct mc_error *err)
{
    *item = (struct mc_config_item){ .kind = MC_CONFIG_SETTING };
    char *line;
    while ((line = take_line(config)) != NULL) {
        struct cursor cursor = { line, 1 };
        skip_blanks(&cursor);
        if (*cursor.at == '\0') {
            continue;
        }
        bool good = item->value == NULL ? read_single(&cursor, item, err)
                                        : mc_error_set(err, MC_ERROR_FORMAT, 0,
                                                       "must be a single line, got a second one");
        if (!good) {
            return locate_error(config, &cursor, err);
        }
        item->line = item->line == 0 ? config->line : item->line;
    }
    return item->value != NULL ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must hold a line of text, is empty",
                        config->path);
}
