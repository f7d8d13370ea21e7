#include "daemon/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/options.h"

enum { LINE_BYTES = 2048 };

static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

// [stream NAME]
static struct daemon_stream_options *read_section(struct daemon_options *options, char *line,
                                                  struct mc_error *err)
{
    size_t length = strlen(line);
    const char *start = "[stream ";
    if (line[length - 1] != ']' || strncmp(line, start, strlen(start)) != 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "wants [stream NAME], got '%.40s'", line);
        return NULL;
    }
    line[length - 1] = '\0';
    return daemon_options_add_stream(options, trim(line + strlen(start)), err);
}

// A line that sets nothing. Its first word is told where it looks like a name: what else
// stands there may be a password.
static bool refuse_line(const char *line, struct mc_error *err)
{
    size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz-");
    if (length == 0 || (line[length] != '\0' && !isspace((unsigned char)line[length]))) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "wants name = value");
    }
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "wants name = value, got '%.*s'",
                        length < 40 ? (int)length : 40, line);
}

static bool read_line(struct daemon_options *options, struct daemon_stream_options **stream,
                      char *line, struct mc_error *err)
{
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';') {
        return true;
    }
    if (line[0] == '[') {
        *stream = read_section(options, line, err);
        return *stream != NULL;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return refuse_line(line, err);
    }
    *equals = '\0';
    return daemon_options_set(options, *stream, trim(line), trim(equals + 1), err);
}

bool daemon_config_read(struct daemon_options *options, const char *path, struct mc_error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return mc_error_set_errno(err, "%s", path);
    }
    struct daemon_stream_options *stream = NULL;
    char line[LINE_BYTES];
    bool good = true;
    for (int number = 1; good && fgets(line, sizeof line, file) != NULL; number++) {
        if (strlen(line) == sizeof line - 1 && line[sizeof line - 2] != '\n') {
            good = mc_error_set(err, MC_ERROR_FORMAT, 0, "%s:%d: line of more than %d bytes", path,
                                number, LINE_BYTES - 2);
        } else if (!read_line(options, &stream, line, err)) {
            good = mc_error_wrap(err, "%s:%d", path, number);
        }
    }
    if (good && ferror(file)) {
        good = mc_error_set_errno(err, "%s", path);
    }
    fclose(file);
    return good;
}
