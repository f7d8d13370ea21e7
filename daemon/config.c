#include "daemon/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_text.h"
#include "daemon/options.h"
#include "daemon/secrets.h"

enum { PLACE_BYTES = 200 }; // "FILE:LINE:COLUMN"; cut when longer, as the error it is for would be

// Where each of the streams has its last section so far: what is wrong with a stream as a whole is
// wrong there.
struct places {
    char places[PROTOCOL_STREAMS_MAX][PLACE_BYTES];
};

struct reader {
    struct daemon_options *options;
    struct places *places;
    const char *path;
    struct daemon_stream_options *stream;   // whose section it is; NULL before the first
    bool has_section[PROTOCOL_STREAMS_MAX]; // the file, for each of the streams so far
};

// Refuses a name that does not belong where it stands. What looks like a URL may hold a password,
// and is not shown.
static bool check_name(const struct reader *reader, const char *name, struct mc_error *err)
{
    if (strpbrk(name, ":/@") != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be name = value or [stream NAME]");
    }
    const struct mc_option *option = mc_options_find(daemon_options_table, name);
    if (option != NULL && option->command_line_only) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s is for the command line alone", name);
    }
    if (reader->stream == NULL && mc_options_find(daemon_stream_table, name) != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s must be in a [stream NAME] section", name);
    }
    if (reader->stream != NULL && option != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s is not an option of one stream: it must be above all sections",
                            name);
    }
    return true;
}

// Sets column to where an error is: at the name, or at the value of a name that is known.
static bool read_setting(const struct reader *reader, const struct mc_config_item *item,
                         int *column, struct mc_error *err)
{
    struct daemon_options *options = reader->options;
    struct daemon_stream_options *stream = reader->stream;
    const struct mc_options global[] = { { daemon_options_table, options },
                                         { daemon_settings_table, &options->settings } };
    const struct mc_options section[] = {
        { daemon_stream_table, stream },
        { daemon_settings_table, stream == NULL ? NULL : &stream->settings },
    };
    const struct mc_options *scopes = stream == NULL ? global : section;
    *column = item->name_column;
    if (!check_name(reader, item->name, err)) {
        return false;
    }
    if (mc_options_know(scopes, 2, item->name)) {
        *column = item->value_column;
    }
    return mc_options_set(scopes, 2, item->name, item->value, err);
}

// The stream of a section: a new one, or one that an earlier file has and this one changes.
static struct daemon_stream_options *find_stream(struct reader *reader, const char *name,
                                                 struct mc_error *err)
{
    struct daemon_options *options = reader->options;
    struct daemon_stream_options *stream = daemon_options_find_stream(options, name);
    if (stream == NULL || reader->has_section[stream - options->streams]) {
        stream = daemon_options_add_stream(options, name, err); // fails when the name is taken
    }
    if (stream != NULL) {
        reader->has_section[stream - options->streams] = true;
    }
    return stream;
}

// Likewise.
static bool read_section(struct reader *reader, const struct mc_config_item *item, int *column,
                         struct mc_error *err)
{
    *column = item->name_column;
    if (strcmp(item->name, "stream") != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be [stream NAME], got '[%.40s%s%.40s]'",
                            item->name, item->value[0] == '\0' ? "" : " ", item->value);
    }
    *column = item->value_column;
    reader->stream = find_stream(reader, item->value, err);
    if (reader->stream != NULL) {
        snprintf(reader->places->places[reader->stream - reader->options->streams], PLACE_BYTES,
                 "%s:%d:%d", reader->path, item->line, item->value_column);
    }
    return reader->stream != NULL;
}

static bool read_items(struct reader *reader, struct mc_config_text *text, struct mc_error *err)
{
    struct mc_config_item item;
    for (;;) {
        int column;
        if (!mc_config_text_next(text, &item, err)) {
            return false;
        }
        if (item.kind == MC_CONFIG_END) {
            return true;
        }
        bool good = item.kind == MC_CONFIG_SECTION ? read_section(reader, &item, &column, err)
                                                   : read_setting(reader, &item, &column, err);
        if (!good) {
            return mc_error_wrap(err, "%s:%d:%d", text->path, item.line, column);
        }
    }
}

static bool read_file(struct daemon_options *options, const char *path, struct places *places,
                      struct mc_error *err)
{
    struct reader reader = { .options = options, .places = places, .path = path };
    struct mc_config_text text;
    const bool good = mc_config_text_open(&text, path, err) && read_items(&reader, &text, err);
    mc_config_text_close(&text);
    return good;
}

// ---- drop-ins

static int is_drop_in(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name), suffix = strlen(".conf");
    return entry->d_name[0] != '.' && length > suffix &&
           strcmp(entry->d_name + length - suffix, ".conf") == 0;
}

// By their bytes, whatever the locale.
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool read_drop_in(struct daemon_options *options, const char *folder, const char *name,
                         struct places *places, struct mc_error *err)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path
               ? read_file(options, path, places, err)
               : mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s/%s: the path is too long", folder,
                              name);
}

// Reads the files of PATH.d in the order of their names. It need not exist.
static bool read_drop_ins(struct daemon_options *options, const char *path, struct places *places,
                          struct mc_error *err)
{
    char folder[PATH_MAX];
    struct dirent **entries;
    const int length = snprintf(folder, sizeof folder, "%s.d", path);
    if (length < 0 || (size_t)length >= sizeof folder) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s.d: the path is too long", path);
    }
    const int count = scandir(folder, &entries, is_drop_in, compare_names);
    if (count < 0) {
        return errno == ENOENT || errno == ENOTDIR || mc_error_set_errno(err, "%s", folder);
    }
    bool good = true;
    for (int i = 0; i < count; i++) {
        good = good && read_drop_in(options, folder, entries[i]->d_name, places, err);
        free(entries[i]);
    }
    free(entries);
    return good;
}

// ---- all files

// What no single line of a stream shows.
static bool complete_stream(struct daemon_stream_options *stream, struct mc_error *err)
{
    return (stream->url[0] != '\0' || mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must have a url")) &&
           daemon_secrets_insert_login(stream, err);
}

static bool complete_streams(struct daemon_options *options, const struct places *places,
                             struct mc_error *err)
{
    for (int i = 0; i < options->stream_count; i++) {
        if (!complete_stream(&options->streams[i], err)) {
            return mc_error_wrap(err, "%s: [stream %s]", places->places[i],
                                 options->streams[i].name);
        }
    }
    return true;
}

bool daemon_config_read(struct daemon_options *options, const char *path, struct mc_error *err)
{
    const bool is_optional = path[0] == '-';
    path += is_optional;
    const bool is_absent = is_optional && access(path, F_OK) != 0 && errno == ENOENT;
    struct places places = { .places = { "" } }; // each stream is given in a section
    return (is_absent || read_file(options, path, &places, err)) &&
           read_drop_ins(options, path, &places, err) && complete_streams(options, &places, err);
}
