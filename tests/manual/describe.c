#include "tests/manual/describe.h"

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL) {
        json_object_set_new(object, key, json_string(text));
    }
}

static json_t *describe_row(const struct mc_option *row)
{
    json_t *object = json_object();
    const char letter[] = { row->letter, '\0' };
    set_text(object, "name", row->name);
    set_text(object, "letter", letter[0] != '\0' ? letter : NULL);
    set_text(object, "value", row->value);
    set_text(object, "help", row->help);
    json_object_set_new(object, "argument", json_boolean(row->place == MC_OPTION_ARGUMENT));
    json_object_set_new(object, "required", json_boolean(row->required));
    json_object_set_new(object, "many", json_boolean(row->many));
    json_object_set_new(object, "boolean", json_boolean(row->kind == MC_OPTION_BOOL));
    if (row->kind == MC_OPTION_ENUM) {
        json_t *choices = json_array();
        for (const char *const *name = row->names; *name != NULL; name++) {
            json_array_append_new(choices, json_string(*name));
        }
        json_object_set_new(object, "choices", choices);
    }
    return object;
}

json_t *describe_table(const struct mc_option *table)
{
    json_t *rows = json_array();
    for (; table != NULL && table->name != NULL; table++) {
        json_array_append_new(rows, describe_row(table));
    }
    return rows;
}

json_t *describe_command(const struct mc_command *command)
{
    json_t *object = json_object(), *commands = json_array();
    set_text(object, "name", command->name);
    set_text(object, "summary", command->summary);
    set_text(object, "details", command->details);
    json_object_set_new(object, "rows", describe_table(command->options));
    for (int i = 0; command->commands != NULL && command->commands[i] != NULL; i++) {
        json_array_append_new(commands, describe_command(command->commands[i]));
    }
    json_object_set_new(object, "commands", commands);
    return object;
}

int describe_print(json_t *description)
{
    const bool good = json_dumpf(description, stdout, JSON_INDENT(1)) == 0 && puts("") >= 0;
    json_decref(description);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}
