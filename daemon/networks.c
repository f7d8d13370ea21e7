#include "daemon/networks.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "daemon/options.h"
#include "nn/model.h"
#include "pipeline/models.h"

enum { COUNT = 3 };

struct network {
    const char *name;
    const struct nn_model *model; // NULL: none
    const char *file;
};

static void list(const struct pipeline_models *models, const struct daemon_options *options,
                 struct network networks[COUNT])
{
    const char *expression =
        options->expression[0] == '\0' ? NN_EXPRESSION_DEFAULT_FILE : options->expression;
    networks[0] = (struct network){ "landmarks", models->landmarks, options->model };
    networks[1] = (struct network){ "locator", models->locator, options->locator };
    networks[2] = (struct network){ "expression", models->expression, expression };
}

// Where the file lies among the weights that come with mocapd, so that free/face.safetensors is
// told from face.safetensors; of other files the name alone.
static void name_file(char *name, size_t size, const char *file)
{
    char data[PATH_MAX], folder[PATH_MAX], path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    const char *found = slash == NULL ? file : slash + 1;
    struct mc_error ignored;
    if (mc_path_data(data, sizeof data, "", &ignored) && realpath(data, folder) != NULL &&
        realpath(file, path) != NULL) {
        const size_t length = strlen(folder);
        if (strncmp(path, folder, length) == 0 && path[length] == '/') {
            found = path + length + 1;
        }
    }
    snprintf(name, size, "%s", found);
}

int daemon_networks_describe(const struct pipeline_models *models,
                             const struct daemon_options *options,
                             struct protocol_network_status networks[PROTOCOL_NETWORKS_MAX])
{
    struct network all[COUNT];
    list(models, options, all);
    int count = 0;
    for (int i = 0; i < COUNT; i++) {
        if (all[i].model == NULL) {
            continue;
        }
        struct protocol_network_status *network = &networks[count++];
        snprintf(network->network, sizeof network->network, "%s", all[i].name);
        name_file(network->file, sizeof network->file, all[i].file);
        snprintf(network->precision, sizeof network->precision, "%s",
                 nn_precision_name(nn_model_info(all[i].model)->precision));
    }
    return count;
}

void daemon_networks_log(const struct pipeline_models *models, const struct daemon_options *options)
{
    struct network all[COUNT];
    char text[128] = "";
    list(models, options, all);
    for (int i = 0; i < COUNT; i++) {
        if (all[i].model == NULL) {
            continue;
        }
        const struct nn_model_info *info = nn_model_info(all[i].model);
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s in %s", i == 0 ? "" : ", ", all[i].name,
                 nn_precision_name(info->precision));
        if (info->precision_is_slow) {
            mc_log(MC_LOG_WARNING, "%s: this processor has no instructions for %s: f32 is faster",
                   all[i].name, nn_precision_name(info->precision));
        }
    }
    mc_log(MC_LOG_INFO, "networks: %s", text);
}
