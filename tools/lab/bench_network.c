#include "tools/lab/bench_network.h"

#include "nn/model.h"

bool lab_bench_network_set_precision(void *field, const char *label, const char *value,
                                     struct mc_error *err)
{
    return nn_precision_parse(value, field) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "%s must be f32, bf16, int8 or auto, got '%.40s'", label, value);
}

bool lab_bench_network_check(struct lab_bench_network *network, struct mc_error *err)
{
    if (network->model != NULL && (network->arch != NULL || network->size != 0)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--model cannot be combined with --arch or --size");
    }
    network->arch = network->arch == NULL ? "lednet" : network->arch;
    network->size = network->size == 0 ? 128 : network->size;
    return true;
}

struct nn_model *lab_bench_network_load(const struct lab_bench_network *network, unsigned cpu_flags,
                                        struct mc_error *err)
{
    return network->model != NULL
               ? nn_model_load_as(network->model, cpu_flags, network->precision, err)
               : nn_model_create_random(network->arch, network->size, cpu_flags, network->precision,
                                        err);
}
