#include "protocol/settings.h"

#include <stdio.h>
#include <string.h>

#include "protocol/encode.h"
#include "protocol/writer.h"

static bool refuse(struct protocol_error *error, const char *field, const char *expected)
{
    error->code = PROTOCOL_ERROR_BAD_REQUEST;
    snprintf(error->message, sizeof error->message, "%s: must be %s", field, expected);
    return false;
}

static bool refuse_range(struct protocol_error *error, const char *field, const char *other,
                         double least, double most)
{
    char expected[96];
    snprintf(expected, sizeof expected, "%sa number from %g to %g", other, least, most);
    return refuse(error, field, expected);
}

// ---- reading

static bool is_within(const json_t *number, double least, double most)
{
    const double value = json_number_value(number);
    return json_is_number(number) && value >= least && value <= most;
}

static bool read_number(const json_t *root, const char *field, double least, double most,
                        enum protocol_setting setting, struct protocol_settings *settings,
                        float *value, struct protocol_error *error)
{
    const json_t *number = json_object_get(root, field);
    if (number == NULL) {
        return true;
    }
    if (!is_within(number, least, most)) {
        return refuse_range(error, field, "", least, most);
    }
    *value = (float)json_number_value(number);
    settings->given |= setting;
    return true;
}

static bool read_smooth(const json_t *root, struct protocol_settings *settings,
                        struct protocol_error *error)
{
    const json_t *smooth = json_object_get(root, "smooth");
    if (smooth == NULL) {
        return true;
    }
    settings->smooth = json_is_true(smooth);
    settings->given |= PROTOCOL_SETTING_SMOOTH;
    return json_is_boolean(smooth) || refuse(error, "smooth", "true or false");
}

static bool read_fov(const json_t *root, struct protocol_settings *settings,
                     struct protocol_error *error)
{
    const json_t *fov = json_object_get(root, "fov");
    if (fov == NULL) {
        return true;
    }
    settings->given |= PROTOCOL_SETTING_FOV;
    if (json_is_string(fov) && strcmp(json_string_value(fov), "auto") == 0) {
        settings->fov = 0;
        return true;
    }
    settings->fov = (float)json_number_value(fov);
    return is_within(fov, PROTOCOL_FOV_MIN, PROTOCOL_FOV_MAX) ||
           refuse_range(error, "fov", "\"auto\" or ", PROTOCOL_FOV_MIN, PROTOCOL_FOV_MAX);
}

static bool read_gains(const json_t *root, struct protocol_settings *settings,
                       struct protocol_error *error)
{
    json_t *gains = json_object_get(root, "gains"), *gain;
    const char *name;
    if (gains == NULL) {
        return true;
    }
    if (!json_is_object(gains)) {
        return refuse(error, "gains", "an object of blend shapes and numbers");
    }
    json_object_foreach(gains, name, gain)
    {
        enum protocol_shape shape;
        if (!protocol_shape_parse(name, &shape)) {
            return refuse(error, "gains", "numbers under the names of blend shapes");
        }
        if (!is_within(gain, 0, PROTOCOL_GAIN_MAX)) {
            return refuse_range(error, "gains", "", 0, PROTOCOL_GAIN_MAX);
        }
        settings->gains.known |= UINT64_C(1) << shape;
        settings->gains.values[shape] = (float)json_number_value(gain);
    }
    return true;
}

static bool read_reset(const json_t *root, struct protocol_settings *settings,
                       struct protocol_error *error)
{
    const json_t *reset = json_object_get(root, "reset");
    settings->reset = json_is_true(reset);
    return reset == NULL || json_is_boolean(reset) || refuse(error, "reset", "true or false");
}

bool protocol_settings_parse(const json_t *root, struct protocol_settings *settings,
                             struct protocol_error *error)
{
    return read_smooth(root, settings, error) &&
           read_number(root, "smooth_min_cutoff", PROTOCOL_MIN_CUTOFF_MIN, PROTOCOL_MIN_CUTOFF_MAX,
                       PROTOCOL_SETTING_MIN_CUTOFF, settings, &settings->smooth_min_cutoff,
                       error) &&
           read_number(root, "smooth_beta", 0, PROTOCOL_BETA_MAX, PROTOCOL_SETTING_BETA, settings,
                       &settings->smooth_beta, error) &&
           read_fov(root, settings, error) && read_gains(root, settings, error) &&
           read_reset(root, settings, error);
}

// ---- writing

void protocol_encode_settings(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                              const struct protocol_settings *settings)
{
    struct protocol_writer writer;
    protocol_writer_begin(&writer, buffer, encoding, "settings");
    protocol_encode_id(&writer, settings->id);
    protocol_writer_string_field(&writer, "stream", settings->stream);
    protocol_writer_name(&writer, "smooth");
    protocol_writer_bool(&writer, settings->smooth);
    protocol_writer_number_field(&writer, "smooth_min_cutoff", (double)settings->smooth_min_cutoff,
                                 3);
    protocol_writer_number_field(&writer, "smooth_beta", (double)settings->smooth_beta, 3);
    if (settings->fov > 0) {
        protocol_writer_number_field(&writer, "fov", (double)settings->fov, 2);
    } else {
        protocol_writer_string_field(&writer, "fov", "auto");
    }
    protocol_writer_name(&writer, "gains");
    protocol_writer_open_map(&writer);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (settings->gains.values[i] < 1 || settings->gains.values[i] > 1) {
            protocol_writer_number_field(&writer, protocol_shape_name((enum protocol_shape)i),
                                         (double)settings->gains.values[i], 3);
        }
    }
    protocol_writer_close_map(&writer);
    protocol_writer_name(&writer, "changed");
    protocol_writer_bool(&writer, settings->changed);
    protocol_writer_end(&writer);
}
