// Configuration files: any bytes are either read to their end or refused with a reason.
#include <stdlib.h>
#include <string.h>

#include "base/config_text.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good) {
        abort();
    }
}

static bool is_visible(const char *text)
{
    while (*text != '\0') {
        uint32_t character;
        int length = mc_utf8_decode(text, strlen(text), &character);
        if (length == 0 || (mc_utf8_invisible_name(character) != NULL && character != '\t')) {
            return false;
        }
        text += length;
    }
    return true;
}

static bool is_trimmed(const char *text)
{
    size_t length = strlen(text);
    return length == 0 ||
           (strchr(" \t", text[0]) == NULL && strchr(" \t", text[length - 1]) == NULL);
}

// A refusal says why, and where: it begins with the file's name.
static void check_error(const struct mc_error *err)
{
    require(err->code == MC_ERROR_FORMAT && strncmp(err->message, "f:", 2) == 0);
    require(is_visible(err->message) || strlen(err->message) == sizeof err->message - 1);
}

static void read_items(const char *bytes, size_t size)
{
    struct mc_config_text config;
    struct mc_config_item item = { 0 };
    struct mc_error err = { 0 };
    bool good = mc_config_text_open_memory(&config, "f", bytes, size, &err);
    for (int line = 0; good; line = item.line) {
        good = mc_config_text_next(&config, &item, &err);
        if (!good || item.kind == MC_CONFIG_END) {
            break;
        }
        require(item.line > line && item.name_column > 0);
        require(item.value_column >= item.name_column);
        require(is_visible(item.name) && is_trimmed(item.name));
        require(item.kind == MC_CONFIG_SECTION || item.name[0] != '\0');
    }
    if (!good) {
        check_error(&err);
    }
    mc_config_text_close(&config);
}

static void read_single(const char *bytes, size_t size)
{
    struct mc_config_text config;
    struct mc_config_item item;
    struct mc_error err = { 0 };
    if (!mc_config_text_open_memory(&config, "f", bytes, size, &err) ||
        !mc_config_text_single(&config, &item, &err)) {
        check_error(&err);
    } else {
        require(item.value != NULL && item.line > 0);
    }
    mc_config_text_close(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_items((const char *)data, size);
    read_single((const char *)data, size);
    return 0;
}
