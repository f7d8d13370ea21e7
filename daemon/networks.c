#include "daemon/networks.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
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
        const char *slash = strrchr(all[i].file, '/');
        struct protocol_network_status *network = &networks[count++];
        snprintf(network->network, sizeof network->network, "%s", all[i].name);
        snprintf(network->file, sizeof network->file, "%s",
                 slash == NULL ? all[i].file : slash + 1);
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
