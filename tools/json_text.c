#include "tools/json_text.h"

#include <string.h>

#include "base/reserve.h"

char *tools_json_text(const json_t *json, size_t flags)
{
    char *dumped = json != NULL ? json_dumps(json, flags) : NULL;
    char *text = dumped != NULL ? strdup(dumped) : NULL;
    mc_reserve_free(dumped);
    return text;
}
