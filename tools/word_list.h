// An option that takes several words, such as files.
#pragma once

#include "base/options.h"

enum { TOOLS_WORD_LIST_MAX = 64 };

struct tools_word_list {
    int count;
    const char *words[TOOLS_WORD_LIST_MAX]; // borrowed from the command line
};

// Adds a word to the struct tools_word_list in the option's field.
mc_option_set_fn tools_word_list_add;
