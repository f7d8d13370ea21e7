#include "daemon/tuning_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_text.h"
#include "base/file.h"
#include "base/path.h"
#include "base/value.h"
#include "daemon/profile_store.h"

static const char suffix[] = ".settings";

// ---- reading

static bool once(struct protocol_settings *settings, enum protocol_setting setting,
                 const char *name, struct mc_error *err)
{
    if (settings->given & setting) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s must be given once, got it twice", name);
    }
    settings->given |= setting;
    return true;
}

static bool read_real(const struct mc_config_item *item, double least, double most, float *value,
                      struct mc_error *err)
{
    double number = 0;
    const bool good = mc_value_real(item->name, item->value, least, most, &number, err);
    *value = (float)number;
    return good;
}

static bool read_gain(const struct mc_config_item *item, enum protocol_shape shape,
                      struct protocol_settings *settings, struct mc_error *err)
{
    if (settings->gains.known & UINT64_C(1) << shape) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s must be given once, got it twice",
                            item->name);
    }
    settings->gains.known |= UINT64_C(1) << shape;
    return read_real(item, 0, PROTOCOL_GAIN_MAX, &settings->gains.values[shape], err);
}

static bool read_item(const struct mc_config_item *item, struct protocol_settings *settings,
                      struct mc_error *err)
{
    enum protocol_shape shape;
    if (item->kind == MC_CONFIG_SECTION) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a setting, got a section");
    }
    if (strcmp(item->name, "smooth") == 0) {
        return once(settings, PROTOCOL_SETTING_SMOOTH, item->name, err) &&
               mc_value_boolean(item->name, item->value, &settings->smooth, err);
    }
    if (strcmp(item->name, "smooth-min-cutoff") == 0) {
        return once(settings, PROTOCOL_SETTING_MIN_CUTOFF, item->name, err) &&
               read_real(item, PROTOCOL_MIN_CUTOFF_MIN, PROTOCOL_MIN_CUTOFF_MAX,
                         &settings->smooth_min_cutoff, err);
    }
    if (strcmp(item->name, "smooth-beta") == 0) {
        return once(settings, PROTOCOL_SETTING_BETA, item->name, err) &&
               read_real(item, 0, PROTOCOL_BETA_MAX, &settings->smooth_beta, err);
    }
    if (strcmp(item->name, "fov") == 0) {
        settings->fov = 0;
        return once(settings, PROTOCOL_SETTING_FOV, item->name, err) &&
               (strcmp(item->value, "auto") == 0 ||
                read_real(item, PROTOCOL_FOV_MIN, PROTOCOL_FOV_MAX, &settings->fov, err));
    }
    if (strncmp(item->name, "gain.", 5) == 0 && protocol_shape_parse(item->name + 5, &shape)) {
        return read_gain(item, shape, settings, err);
    }
    return mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "must be smooth, smooth-min-cutoff, smooth-beta, fov or gain.SHAPE, got "
                        "'%.40s'",
                        item->name);
}

static bool read_items(struct mc_config_text *text, struct protocol_settings *settings,
                       struct mc_error *err)
{
    struct mc_config_item item;
    for (;;) {
        if (!mc_config_text_next(text, &item, err)) {
            return false;
        }
        if (item.kind == MC_CONFIG_END) {
            return true;
        }
        if (!read_item(&item, settings, err)) {
            return mc_error_wrap(err, "%s:%d:%d", text->path, item.line, item.name_column);
        }
    }
}

bool daemon_tuning_file_read(const struct daemon_profile_store *store, const char *stream,
                             struct protocol_settings *settings, struct mc_error *err)
{
    char path[PATH_MAX];
    *settings = (struct protocol_settings){ 0 };
    if (store->directory[0] == '\0') {
        return true;
    }
    if (!daemon_profile_store_path(store, stream, suffix, path, err)) {
        return false;
    }
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return true;
    }
    struct mc_config_text text;
    const bool good = mc_config_text_open(&text, path, err) && read_items(&text, settings, err);
    mc_config_text_close(&text);
    return good;
}

// ---- writing

static void write_settings(FILE *file, const char *stream, const struct protocol_settings *settings)
{
    fprintf(file, "# Settings of stream %s, by mocapd: see docs/motion.md.\n", stream);
    if (settings->given & PROTOCOL_SETTING_SMOOTH) {
        fprintf(file, "smooth = %s\n", settings->smooth ? "yes" : "no");
    }
    if (settings->given & PROTOCOL_SETTING_MIN_CUTOFF) {
        fprintf(file, "smooth-min-cutoff = %.4f\n", (double)settings->smooth_min_cutoff);
    }
    if (settings->given & PROTOCOL_SETTING_BETA) {
        fprintf(file, "smooth-beta = %.4f\n", (double)settings->smooth_beta);
    }
    if (settings->given & PROTOCOL_SETTING_FOV && settings->fov > 0) {
        fprintf(file, "fov = %.3f\n", (double)settings->fov);
    } else if (settings->given & PROTOCOL_SETTING_FOV) {
        fputs("fov = auto\n", file);
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (settings->gains.known & UINT64_C(1) << i) {
            fprintf(file, "gain.%s = %.4f\n", protocol_shape_name((enum protocol_shape)i),
                    (double)settings->gains.values[i]);
        }
    }
}

static bool replace(const char *path, const char *stream, const struct protocol_settings *settings,
                    struct mc_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file != NULL) {
        write_settings(file, stream, settings);
    }
    bool good = file != NULL && fclose(file) == 0;
    if (!good) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the settings");
    }
    const struct mc_file_part part = { text, size };
    good = good && mc_file_replace(path, &part, 1, 0600, err);
    free(text);
    return good;
}

bool daemon_tuning_file_write(const struct daemon_profile_store *store, const char *stream,
                              const struct protocol_settings *settings, struct mc_error *err)
{
    char path[PATH_MAX];
    const bool is_empty = settings->given == 0 && settings->gains.known == 0;
    if (is_empty && store->directory[0] == '\0') {
        return true;
    }
    if (!daemon_profile_store_path(store, stream, suffix, path, err)) {
        return false;
    }
    if (is_empty) {
        return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ||
               mc_error_set_errno(err, "%s", path);
    }
    return mc_path_make_directory(store->directory, err) && replace(path, stream, settings, err);
}
