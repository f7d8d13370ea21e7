#include "daemon/profile_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_text.h"
#include "base/file.h"
#include "base/value.h"
#include "pipeline/motion/features.h"
#include "pipeline/motion/motion.h"

enum { VERSION = 1 };

// ---- reading

// Which settings a face's section has had.
struct seen {
    bool x, neutral, channels[PIPELINE_CHANNEL_COUNT], gains[PROTOCOL_SHAPE_COUNT];
};

struct reader {
    struct pipeline_profile *profile;
    bool has_version;
    struct seen seen; // of the last face
};

static bool once(bool *seen, const char *name, struct mc_error *err)
{
    if (*seen) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s must be given once, got it twice", name);
    }
    *seen = true;
    return true;
}

static bool read_real(const struct mc_config_item *item, float least, float most, float *value,
                      struct mc_error *err)
{
    double number;
    if (!mc_value_real(item->name, item->value, (double)least, (double)most, &number, err)) {
        return false;
    }
    *value = fmaxf(least, fminf((float)number, most));
    return true;
}

static bool read_version(struct reader *reader, const struct mc_config_item *item,
                         struct mc_error *err)
{
    int version;
    if (strcmp(item->name, "version") != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be version = %d", VERSION);
    }
    return once(&reader->has_version, "version", err) &&
           mc_value_int("version", item->value, VERSION, VERSION, &version, err);
}

static bool find_feature(const char *name, int *channel)
{
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        if (strcmp(name, pipeline_feature_name((enum pipeline_feature)i)) == 0) {
            *channel = i;
            return true;
        }
    }
    return false;
}

static bool read_neutral(struct reader *reader, const struct mc_config_item *item, int channel,
                         struct mc_error *err)
{
    struct pipeline_face_profile *face = &reader->profile->faces[reader->profile->face_count - 1];
    float least, most;
    pipeline_calibration_bounds(channel, &least, &most);
    return once(&reader->seen.channels[channel], item->name, err) &&
           read_real(item, least, most, &face->neutral[channel], err);
}

static bool read_setting(struct reader *reader, const struct mc_config_item *item,
                         struct mc_error *err)
{
    struct pipeline_profile *profile = reader->profile;
    if (profile->face_count == 0) {
        return read_version(reader, item, err);
    }
    struct pipeline_face_profile *face = &profile->faces[profile->face_count - 1];
    int channel;
    enum protocol_shape shape;
    if (strcmp(item->name, "x") == 0) {
        return once(&reader->seen.x, "x", err) && read_real(item, 0, 1, &face->x, err);
    }
    if (strcmp(item->name, "neutral") == 0) {
        return once(&reader->seen.neutral, "neutral", err) &&
               mc_value_boolean("neutral", item->value, &face->has_neutral, err);
    }
    if (strncmp(item->name, "feature.", 8) == 0 && find_feature(item->name + 8, &channel)) {
        return read_neutral(reader, item, channel, err);
    }
    if (strncmp(item->name, "shape.", 6) == 0 && protocol_shape_parse(item->name + 6, &shape)) {
        return read_neutral(reader, item, PIPELINE_CHANNEL_SHAPES + (int)shape, err);
    }
    if (strncmp(item->name, "gain.", 5) == 0 && protocol_shape_parse(item->name + 5, &shape)) {
        return once(&reader->seen.gains[shape], item->name, err) &&
               read_real(item, 1, PIPELINE_GAIN_MAX, &face->gains[shape], err);
    }
    return mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "must be x, neutral, feature.NAME, shape.NAME or gain.NAME with the name "
                        "of a feature or shape, got '%.40s'",
                        item->name);
}

static bool read_section(struct reader *reader, const struct mc_config_item *item,
                         struct mc_error *err)
{
    struct pipeline_profile *profile = reader->profile;
    char expected[16];
    snprintf(expected, sizeof expected, "%d", profile->face_count + 1);
    if (!reader->has_version) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be version = %d", VERSION);
    }
    if (profile->face_count == PROTOCOL_FACES_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be at most %d faces, got more",
                            PROTOCOL_FACES_MAX);
    }
    if (strcmp(item->name, "face") != 0 || strcmp(item->value, expected) != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be [face %s], got '[%.40s%s%.40s]'",
                            expected, item->name, item->value[0] == '\0' ? "" : " ", item->value);
    }
    reader->seen = (struct seen){ 0 };
    pipeline_face_profile_init(&profile->faces[profile->face_count++]);
    return true;
}

static bool read_items(struct reader *reader, struct mc_config_text *text, struct mc_error *err)
{
    for (;;) {
        struct mc_config_item item;
        if (!mc_config_text_next(text, &item, err)) {
            return false;
        }
        if (item.kind == MC_CONFIG_END) {
            return reader->has_version ||
                   mc_error_set(err, MC_ERROR_FORMAT, 0, "%s:%d:1: must be version = %d",
                                text->path, item.line, VERSION);
        }
        const bool good = item.kind == MC_CONFIG_SECTION ? read_section(reader, &item, err)
                                                         : read_setting(reader, &item, err);
        if (!good) {
            return mc_error_wrap(err, "%s:%d:%d", text->path, item.line, item.name_column);
        }
    }
}

static bool read_text(bool opened, struct mc_config_text *text, struct pipeline_profile *profile,
                      struct mc_error *err)
{
    struct reader reader = { .profile = profile };
    *profile = (struct pipeline_profile){ 0 };
    const bool good = opened && read_items(&reader, text, err);
    mc_config_text_close(text);
    return good;
}

bool daemon_profile_file_read(const char *path, struct pipeline_profile *profile,
                              struct mc_error *err)
{
    struct mc_config_text text;
    return read_text(mc_config_text_open(&text, path, err), &text, profile, err);
}

bool daemon_profile_file_parse(const char *path, const char *bytes, size_t size,
                               struct pipeline_profile *profile, struct mc_error *err)
{
    struct mc_config_text text;
    return read_text(mc_config_text_open_memory(&text, path, bytes, size, err), &text, profile,
                     err);
}

// ---- writing

static void write_face(FILE *file, const struct pipeline_face_profile *face, int number)
{
    fprintf(file, "\n[face %d]\nx = %.4f\nneutral = %s\n", number, (double)face->x,
            face->has_neutral ? "yes" : "no");
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        const int shape = i - PIPELINE_CHANNEL_SHAPES;
        if (face->has_neutral && isfinite(face->neutral[i])) {
            fprintf(file, "%s.%s = %.6f\n", shape < 0 ? "feature" : "shape",
                    shape < 0 ? pipeline_feature_name((enum pipeline_feature)i)
                              : protocol_shape_name((enum protocol_shape)shape),
                    (double)face->neutral[i]);
        }
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (face->gains[i] > 1) {
            fprintf(file, "gain.%s = %.4f\n", protocol_shape_name((enum protocol_shape)i),
                    (double)face->gains[i]);
        }
    }
}

bool daemon_profile_file_write(const char *path, const char *stream, const char *name,
                               const struct pipeline_profile *profile, struct mc_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file != NULL) {
        fprintf(file,
                "# Calibration of stream %s, profile %s, by mocapd: see docs/motion.md.\n"
                "version = %d\n",
                stream, name, VERSION);
        for (int i = 0; i < profile->face_count; i++) {
            write_face(file, &profile->faces[i], i + 1);
        }
    }
    bool good = file != NULL && fclose(file) == 0;
    if (!good) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the profile");
    }
    const struct mc_file_part part = { text, size };
    good = good && mc_file_replace(path, &part, 1, 0600, err);
    free(text);
    return good;
}
