#include "tools/fleet/fleet_options.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tools/fleet/roster.h"
#include "tools/fleet/subjects.h"

const struct mc_option fleet_options_table[] = {
    { "nats", 0, "URL",
      "the broker, such as nats://broker:4222 or tls://broker:4222; several servers of a cluster "
      "with commas between them",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct fleet_options, nats) },
    { "site", 0, "NAME", "the site whose streams these are; default: " FLEET_SITE_DEFAULT,
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct fleet_options, site) },
    { "login", 0, "FILE", "read USER:PASSWORD or a token for NATS from this file's first line",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct fleet_options, login) },
    { "credentials", 0, "FILE", "a credentials file of NATS, with a JWT and its seed",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct fleet_options, credentials) },
    { "ca", 0, "FILE",
      "the certificates that sign the broker's, for TLS; default: those of this system",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct fleet_options, ca) },
    { "cert", 0, "FILE", "this client's certificate, for TLS; with --key", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct fleet_options, certificate) },
    { "key", 0, "FILE", "its private key", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct fleet_options, key) },
    { "log-level", 0, "LEVEL",
      "error, warning, info or debug; default: info; of streams and status: error", MC_OPTION_ENUM,
      .names = mc_options_log_levels, MC_OPTION_FIELD(struct fleet_options, log_level) },
    { 0 },
};

const struct fleet_options fleet_options_default = { .log_level = -1 };

void fleet_options_set_log(const struct fleet_options *options, enum mc_log_level otherwise)
{
    mc_log_level_set(options->log_level < 0 ? otherwise : (enum mc_log_level)options->log_level);
}

const char *fleet_options_site(const struct fleet_options *options)
{
    return options->site != NULL ? options->site : FLEET_SITE_DEFAULT;
}

// Certificates that are not used would leave their owner in the belief that they are.
static bool has_tls(const struct fleet_options *options, const char *mqtt)
{
    return (options->nats != NULL && strstr(options->nats, "tls://") != NULL) ||
           (mqtt != NULL && strncmp(mqtt, "mqtts://", 8) == 0);
}

bool fleet_options_check(const struct fleet_options *options, const char *mqtt,
                         struct mc_error *err)
{
    if (mqtt == NULL && options->nats == NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--nats must name the broker, such as nats://localhost:4222");
    }
    if (!fleet_name_valid(fleet_options_site(options))) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--site must be 1 to %d visible bytes of UTF-8",
                            PROTOCOL_NAME_BYTES - 1);
    }
    if ((options->certificate == NULL) != (options->key == NULL)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--cert and --key must come together");
    }
    if ((options->ca != NULL || options->certificate != NULL) && !has_tls(options, mqtt)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--ca, --cert and --key are for TLS: the broker's URL must begin with "
                            "%s",
                            mqtt == NULL            ? "tls://"
                            : options->nats == NULL ? "mqtts://"
                                                    : "tls:// or mqtts://");
    }
    return true;
}

int fleet_options_exit_status(const struct mc_error *err)
{
    return err->code == MC_ERROR_ARGUMENT ? MC_EXIT_USAGE : MC_EXIT_FAILED;
}

bool fleet_options_read_label(void *field, const char *label, const char *value,
                              struct mc_error *err)
{
    struct fleet_labels *labels = field;
    if (!fleet_label_is_valid(value)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be like room=3, of letters, digits, _ - and dots, got '%s'",
                            label, value);
    }
    if (labels->count == FLEET_LABELS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be given at most %d times", label,
                            FLEET_LABELS_MAX);
    }
    snprintf(labels->items[labels->count++], FLEET_LABEL_BYTES, "%s", value);
    return true;
}
