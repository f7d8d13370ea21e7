#include "base/command.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggestion.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 4 };

// The commands from the program to the one that was asked for, and their options.
struct line {
    const struct mc_command *path[DEPTH_MAX];
    void *options[DEPTH_MAX]; // owned
    int depth;
    const char *version;
};

static const struct mc_option no_options[] = { { 0 } };

static const struct mc_option *table_of(const struct mc_command *command)
{
    return command->options != NULL ? command->options : no_options;
}

// ---- Help

static void write_name(const struct mc_command *const *path, int depth, FILE *out)
{
    for (int i = 0; i < depth; i++) {
        fprintf(out, "%s%s", i == 0 ? "" : " ", path[i]->name);
    }
}

static bool has_rows(const struct mc_option *table, enum mc_option_place place)
{
    for (; table->name != NULL; table++) {
        if (table->place == place) {
            return true;
        }
    }
    return false;
}

static void write_commands(const struct mc_command *const *commands, FILE *out)
{
    int column = 0;
    for (int i = 0; commands[i] != NULL; i++) {
        const int length = (int)strlen(commands[i]->name) + 4;
        column = length > column ? length : column;
    }
    fputs("\nCommands:\n", out);
    for (int i = 0; commands[i] != NULL; i++) {
        fprintf(out, "  %-*s", column - 2, commands[i]->name);
        mc_options_write_wrapped(commands[i]->summary, column, out);
    }
}

// The phrase as a sentence of its own.
static void write_sentence(const char *phrase, FILE *out)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%c%s.", toupper((unsigned char)phrase[0]), phrase + 1);
    mc_options_write_wrapped(sentence, 0, out);
}

void mc_command_write_help(const struct mc_command *const *path, int depth, FILE *out)
{
    const struct mc_command *command = path[depth - 1];
    const struct mc_option *table = table_of(command);
    fputs("usage: ", out);
    write_name(path, depth, out);
    mc_options_write_usage(table, out);
    fputs(command->commands == NULL ? "\n\n"
          : command->run == NULL    ? " COMMAND ...\n\n"
                                    : " [COMMAND ...]\n\n",
          out);
    write_sentence(command->summary, out);
    if (command->details != NULL) {
        fputc('\n', out);
        mc_options_write_wrapped(command->details, 0, out);
    }
    if (command->commands != NULL) {
        write_commands(command->commands, out);
    }
    if (has_rows(table, MC_OPTION_ARGUMENT)) {
        fputs("\nArguments:\n", out);
        mc_options_write_help(table, MC_OPTION_ARGUMENT, false, out);
    }
    fputs("\nOptions:\n", out);
    mc_options_write_help(table, MC_OPTION_NAMED, true, out);
    for (int i = depth - 2; i >= 0; i--) {
        if (has_rows(table_of(path[i]), MC_OPTION_NAMED)) {
            fputs("\nOptions of ", out);
            write_name(path, i + 1, out);
            fputs(":\n", out);
            mc_options_write_help(path[i]->options, MC_OPTION_NAMED, false, out);
        }
    }
    if (command->commands != NULL) {
        fputs("\nSee '", out);
        write_name(path, depth, out);
        fputs(" COMMAND --help' for a command's own options.\n", out);
    }
}

// ---- Reading and running

// The message may quote the command line: its control characters are not for the terminal.
static int usage_error(const struct line *line, const struct mc_error *err)
{
    write_name(line->path, line->depth, stderr);
    fputs(": ", stderr);
    mc_utf8_write_visible(stderr, err->message, false);
    fputs("\nTry '", stderr);
    write_name(line->path, line->depth, stderr);
    fputs(" --help' for more information.\n", stderr);
    return MC_EXIT_USAGE;
}

static bool enter(struct line *line, const struct mc_command *command, struct mc_error *err)
{
    assert(line->depth < DEPTH_MAX);
    const int depth = line->depth++;
    line->path[depth] = command;
    if (command->options_size == 0) {
        return true;
    }
    line->options[depth] = calloc(1, command->options_size);
    if (line->options[depth] == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the options");
    }
    if (command->defaults != NULL) {
        memcpy(line->options[depth], command->defaults, command->options_size);
    }
    return true;
}

static enum mc_options_result parse(const struct line *line, int argc, char **argv, int *used,
                                    struct mc_error *err)
{
    struct mc_options scopes[DEPTH_MAX]; // the innermost first
    for (int i = 0; i < line->depth; i++) {
        const int level = line->depth - 1 - i;
        scopes[i] = (struct mc_options){ table_of(line->path[level]), line->options[level] };
    }
    return mc_options_parse(scopes, line->depth, argc, argv, used, err);
}

static const struct mc_command *find_command(const struct mc_command *const *commands,
                                             const char *name, struct mc_error *err)
{
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, name);
    for (int i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
        mc_suggestion_consider(&suggestion, commands[i]->name);
    }
    const bool near = suggestion.best != NULL;
    mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown command '%.40s'%s%s%s", name,
                 near ? "; did you mean '" : "", near ? suggestion.best : "", near ? "'?" : "");
    return NULL;
}

// Reads the words of the innermost command, and of those below it.
static int run(struct line *line, int argc, char **argv)
{
    const struct mc_command *command = line->path[line->depth - 1];
    const bool is_leaf = command->commands == NULL;
    struct mc_error err = { 0 };
    int used = 0;
    switch (parse(line, argc, argv, is_leaf ? NULL : &used, &err)) {
    case MC_OPTIONS_HELP:
        mc_command_write_help(line->path, line->depth, stdout);
        return MC_EXIT_OK;
    case MC_OPTIONS_VERSION:
        printf("%s %s\n", line->path[0]->name, line->version);
        return MC_EXIT_OK;
    case MC_OPTIONS_USAGE:
        return usage_error(line, &err);
    case MC_OPTIONS_RUN:
        break;
    }
    if (command->check != NULL && !command->check(line->options[line->depth - 1], &err)) {
        return usage_error(line, &err);
    }
    if (is_leaf || (used == argc && command->run != NULL)) {
        return command->run(line->options[line->depth - 1], line->options[0]);
    }
    if (used == argc) {
        mc_command_write_help(line->path, line->depth, stderr);
        return MC_EXIT_USAGE;
    }
    const struct mc_command *next = find_command(command->commands, argv[used], &err);
    if (next == NULL || !enter(line, next, &err)) {
        return usage_error(line, &err);
    }
    return run(line, argc - used, argv + used);
}

// Also after an error that the command has seen itself, of which stdio keeps no more than that
// there was one.
static bool is_reader_gone(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO };
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

int mc_command_finish_output(const char *program, int status)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != MC_EXIT_OK) {
        return status;
    }
    const int reason = errno;
    if (reason == EPIPE || is_reader_gone()) {
        return status;
    }
    fprintf(stderr, "%s: writing the output: %s\n", program,
            reason != 0 ? strerrordesc_np(reason) : "not all of it could be written");
    return MC_EXIT_FAILED;
}

int mc_command_main(const struct mc_command *program, const char *version, int argc, char **argv)
{
    struct line line = { .version = version };
    struct mc_error err = { 0 };
    int status = enter(&line, program, &err) ? run(&line, argc, argv) : usage_error(&line, &err);
    status = mc_command_finish_output(program->name, status);
    for (int i = 0; i < line.depth; i++) {
        free(line.options[i]);
    }
    return status;
}
