#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/command.h"

struct globals {
    const char *socket;
};

struct watch {
    long count;
    bool json;
};

static struct watch seen_watch;
static char seen_socket[32];

static int run_watch(const void *options, const void *globals)
{
    const char *socket = ((const struct globals *)globals)->socket;
    seen_watch = *(const struct watch *)options;
    snprintf(seen_socket, sizeof seen_socket, "%s", socket != NULL ? socket : "");
    return MC_EXIT_FAILED;
}

static bool check_watch(void *options, struct mc_error *err)
{
    const struct watch *watch = options;
    return !watch->json || watch->count > 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--json requires --count");
}

static const struct mc_option watch_options[] = {
    { "count", 'n', "N", "stop after N records", MC_OPTION_INT, .min = 0, .max = 10,
      MC_OPTION_FIELD(struct watch, count) },
    { "json", 0, NULL, "print JSON", MC_OPTION_BOOL, MC_OPTION_FIELD(struct watch, json) },
    { 0 },
};
static const struct watch watch_defaults = { .count = 4 };
static const struct mc_command watch = {
    .name = "watch",
    .summary = "print records",
    .details = "Stops at the end.",
    .options = watch_options,
    .defaults = &watch_defaults,
    .options_size = sizeof(struct watch),
    .check = check_watch,
    .run = run_watch,
};
static const struct mc_command *const bench_commands[] = { &watch, NULL };
static const struct mc_command bench = { .name = "bench",
                                         .summary = "measure",
                                         .commands = bench_commands };
static const struct mc_command *const commands[] = { &watch, &bench, NULL };
static const struct mc_option global_options[] = {
    { "socket", 0, "PATH", "where the daemon listens", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct globals, socket) },
    { 0 },
};
static const struct mc_command program = {
    .name = "program",
    .summary = "does things",
    .options = global_options,
    .options_size = sizeof(struct globals),
    .commands = commands,
};

static char out[2048], err[2048]; // what the last run printed

// What was written to file since it was emptied; gives descriptor its old file back.
static void end_capture(FILE *file, int descriptor, int old, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    dup2(old, descriptor);
    close(old);
}

// Runs the program with the words of line.
static int run(const char *line)
{
    char words[128], *argv[16];
    int argc = 0;
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    FILE *out_file = tmpfile(), *err_file = tmpfile();
    assert_non_null(out_file);
    assert_non_null(err_file);
    fflush(stdout);
    const int old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
    dup2(fileno(out_file), STDOUT_FILENO);
    dup2(fileno(err_file), STDERR_FILENO);
    const int status = mc_command_main(&program, "1.2.3", argc, argv);
    fflush(stdout);
    end_capture(out_file, STDOUT_FILENO, old_out, out, sizeof out);
    end_capture(err_file, STDERR_FILENO, old_err, err, sizeof err);
    return status;
}

static void a_command_gets_its_options_and_the_programs(void **state)
{
    (void)state;
    assert_int_equal(run("program --socket a watch"), MC_EXIT_FAILED); // what run returned
    assert_int_equal(seen_watch.count, 4);
    assert_string_equal(seen_socket, "a");
    assert_int_equal(run("program bench watch -n 7 --socket b"), MC_EXIT_FAILED);
    assert_int_equal(seen_watch.count, 7);
    assert_string_equal(seen_socket, "b");
}

static void every_level_has_help(void **state)
{
    (void)state;
    assert_int_equal(run("program bench watch --help"), MC_EXIT_OK);
    assert_string_equal(out, "usage: program bench watch [options]\n"
                             "\n"
                             "Print records.\n"
                             "\n"
                             "Stops at the end.\n"
                             "\n"
                             "Options:\n"
                             "  -n, --count N  stop after N records\n"
                             "      --json     print JSON\n"
                             "  -h, --help     print this help and exit\n"
                             "  -V, --version  print the version and exit\n"
                             "\n"
                             "Options of program:\n"
                             "      --socket PATH  where the daemon listens\n");
    assert_int_equal(run("program -h"), MC_EXIT_OK);
    assert_non_null(strstr(out, "usage: program [options] COMMAND ...\n"));
    assert_non_null(strstr(out, "  watch  print records\n  bench  measure\n"));
    assert_int_equal(run("program bench --version"), MC_EXIT_OK);
    assert_string_equal(out, "program 1.2.3\n");
}

static void errors_name_the_command(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "program --bogus", "program: unknown option '--bogus'\nTry 'program --help'" },
        { "program wacth", "program: unknown command 'wacth'; did you mean 'watch'?\n" },
        { "program bench x", "program bench: unknown command 'x'\n" },
        { "program watch --coutn 1", "program watch: unknown option '--coutn'; did you mean "
                                     "'--count'?\nTry 'program watch --help'" },
        { "program watch -n 11", "program watch: --count must be a whole number from 0 to 10, "
                                 "got '11'\n" },
        { "program watch -n 0 --json", "program watch: --json requires --count\n" },
        { "program watch x\033[2J", "program watch: unexpected argument 'x?[2J'\n" },
        { "program bench", "usage: program bench [options] COMMAND ...\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(run(cases[i][0]), MC_EXIT_USAGE);
        assert_string_equal(out, "");
        if (strncmp(err, cases[i][1], strlen(cases[i][1])) != 0) {
            fail_msg("%s: %s", cases[i][0], err);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_options_and_the_programs),
        cmocka_unit_test(every_level_has_help),
        cmocka_unit_test(errors_name_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
