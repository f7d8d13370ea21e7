#include "daemon/profile_store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_text.h"
#include "base/file.h"
#include "base/path.h"
#include "daemon/profile_file.h"
#include "pipeline/motion/motion.h"

// A profile's name has no dot, so STREAM.PROFILE.calibration is of one stream and one profile.
static const char profile_suffix[] = ".calibration", active_suffix[] = ".profile";

void daemon_profile_store_init(struct daemon_profile_store *store)
{
    if (!mc_path_state(store->directory, sizeof store->directory, "calibration")) {
        store->directory[0] = '\0';
    }
}

static bool make_path(const struct daemon_profile_store *store, const char *stream,
                      const char *profile, const char *suffix, char path[PATH_MAX],
                      struct mc_error *err)
{
    if (store->directory[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "nothing can be kept: XDG_STATE_HOME or HOME must be set");
    }
    const int length = snprintf(path, PATH_MAX, "%s/%s%s%s%s", store->directory, stream,
                                profile[0] == '\0' ? "" : ".", profile, suffix);
    return (length > 0 && length < PATH_MAX) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long",
                        store->directory);
}

bool daemon_profile_store_path(const struct daemon_profile_store *store, const char *stream,
                               const char *suffix, char path[PATH_MAX], struct mc_error *err)
{
    return make_path(store, stream, "", suffix, path, err);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

// ---- the profile in use

static bool read_active(const char *path, char profile[PROTOCOL_NAME_BYTES], struct mc_error *err)
{
    struct mc_config_text text;
    struct mc_config_item item;
    bool good = mc_config_text_open(&text, path, err) && mc_config_text_single(&text, &item, err);
    if (good && !protocol_profile_valid(item.value)) {
        good = mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s:%d:%d: must be the name of a profile, 1 to %d of A-Z a-z 0-9 _ -",
                            path, item.line, item.value_column, PROTOCOL_NAME_BYTES - 1);
    }
    if (good) {
        snprintf(profile, PROTOCOL_NAME_BYTES, "%s", item.value);
    }
    mc_config_text_close(&text);
    return good;
}

bool daemon_profile_store_active(const struct daemon_profile_store *store, const char *stream,
                                 char profile[PROTOCOL_NAME_BYTES], struct mc_error *err)
{
    char path[PATH_MAX];
    snprintf(profile, PROTOCOL_NAME_BYTES, "default");
    return store->directory[0] == '\0' || (make_path(store, stream, "", active_suffix, path, err) &&
                                           (!exists(path) || read_active(path, profile, err)));
}

bool daemon_profile_store_set_active(const struct daemon_profile_store *store, const char *stream,
                                     const char *profile, struct mc_error *err)
{
    char path[PATH_MAX];
    const struct mc_file_part parts[] = { { profile, strlen(profile) }, { "\n", 1 } };
    return make_path(store, stream, "", active_suffix, path, err) &&
           mc_path_make_directory(store->directory, err) &&
           mc_file_replace(path, parts, 2, 0600, err);
}

// ---- profiles

bool daemon_profile_store_read(const struct daemon_profile_store *store, const char *stream,
                               const char *name, struct pipeline_profile *profile,
                               struct mc_error *err)
{
    char path[PATH_MAX];
    *profile = (struct pipeline_profile){ 0 };
    return store->directory[0] == '\0' ||
           (make_path(store, stream, name, profile_suffix, path, err) &&
            (!exists(path) || daemon_profile_file_read(path, profile, err)));
}

bool daemon_profile_store_write(const struct daemon_profile_store *store, const char *stream,
                                const char *name, const struct pipeline_profile *profile,
                                struct mc_error *err)
{
    char path[PATH_MAX];
    if (profile->face_count == 0 && store->directory[0] == '\0') {
        return true;
    }
    if (!make_path(store, stream, name, profile_suffix, path, err)) {
        return false;
    }
    if (profile->face_count == 0) {
        return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ||
               mc_error_set_errno(err, "%s", path);
    }
    return mc_path_make_directory(store->directory, err) &&
           daemon_profile_file_write(path, stream, name, profile, err);
}

// The profile whose file is called name; false when it is none of the stream's.
static bool profile_of(const char *name, const char *stream, char profile[PROTOCOL_NAME_BYTES])
{
    const size_t start = strlen(stream) + 1, suffix = sizeof profile_suffix - 1;
    const size_t length = strlen(name);
    if (length <= start + suffix || length - start - suffix >= PROTOCOL_NAME_BYTES ||
        strncmp(name, stream, start - 1) != 0 || name[start - 1] != '.' ||
        strcmp(name + length - suffix, profile_suffix) != 0) {
        return false;
    }
    snprintf(profile, PROTOCOL_NAME_BYTES, "%.*s", (int)(length - start - suffix), name + start);
    return protocol_profile_valid(profile);
}

bool daemon_profile_store_has(const struct daemon_profile_store *store, const char *stream,
                              const char *name)
{
    char path[PATH_MAX];
    struct mc_error ignored;
    return store->directory[0] != '\0' &&
           make_path(store, stream, name, profile_suffix, path, &ignored) && exists(path);
}

// Inserts the name among count sorted ones, of which the first PROTOCOL_PROFILES_MAX are there.
static void insert(char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES], int count,
                   const char *name)
{
    int at = count < PROTOCOL_PROFILES_MAX ? count : PROTOCOL_PROFILES_MAX;
    for (; at > 0 && strcmp(names[at - 1], name) > 0; at--) {
        if (at < PROTOCOL_PROFILES_MAX) {
            memcpy(names[at], names[at - 1], sizeof names[at]);
        }
    }
    if (at < PROTOCOL_PROFILES_MAX) {
        snprintf(names[at], sizeof names[at], "%s", name);
    }
}

int daemon_profile_store_list(const struct daemon_profile_store *store, const char *stream,
                              char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES])
{
    int count = 0;
    char name[PROTOCOL_NAME_BYTES];
    DIR *directory = store->directory[0] == '\0' ? NULL : opendir(store->directory);
    if (directory == NULL) {
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (profile_of(entry->d_name, stream, name)) {
            insert(names, count++, name);
        }
    }
    closedir(directory);
    return count;
}
