#include "tools/bridge/output.h"

#include "base/value.h"

const struct bridge_output *const bridge_outputs[] = {
    &bridge_output_vmc,          &bridge_output_osf,       &bridge_output_vrchat,
    &bridge_output_ifacialmocap, &bridge_output_live_link,
#if BRIDGE_HAS_VTUBE_STUDIO
    &bridge_output_vtube_studio,
#endif
    &bridge_output_opentrack,    &bridge_output_osc,       NULL,
};

const struct bridge_output *bridge_output_find(const char *label, const char *name,
                                               struct mc_error *err)
{
    enum { COUNT = sizeof bridge_outputs / sizeof bridge_outputs[0] - 1 };
    const char *names[COUNT];
    int index;
    for (int i = 0; i < COUNT; i++) {
        names[i] = bridge_outputs[i]->name;
    }
    return mc_value_choice(label, name, names, COUNT, &index, err) ? bridge_outputs[index] : NULL;
}
