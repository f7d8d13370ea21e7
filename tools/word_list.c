#include "tools/word_list.h"

bool tools_word_list_add(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct tools_word_list *list = field;
    if (value[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must not be empty", label);
    }
    if (list->count == TOOLS_WORD_LIST_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be given at most %d times", label,
                            TOOLS_WORD_LIST_MAX);
    }
    list->words[list->count++] = value;
    return true;
}
