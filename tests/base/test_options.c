#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/options.h"

enum format { FORMAT_TABLE, FORMAT_JSON };

struct target {
    const char *file, *rest[4];
    int rest_count;
    const char *clips[4];
    int clip_count;
    long count;
    int workers;
    double rate;
    float beta;
    bool loop;
    int repeat; // negative: not given
    char path[8];
    enum format format;
    enum mc_log_level level;
};

static bool add_rest(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct target *target = field;
    if (target->rest_count == 4) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be at most 4, got '%s' too", label,
                            value);
    }
    target->rest[target->rest_count++] = value;
    return true;
}

static bool add_clip(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct target *target = field;
    (void)label;
    (void)err;
    target->clips[target->clip_count++ % 4] = value;
    return true;
}

static const char *const formats[] = { "table", "json", NULL };

static const struct mc_option table[] = {
    { "FILE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "the file to read", MC_OPTION_FIELD(struct target, file) },
    { "REST", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .many = true, .set = add_rest,
      .help = "what follows" },
    { "count", 'n', "N", "stop after N records", MC_OPTION_INT, .min = 1, .max = 1e9,
      MC_OPTION_FIELD(struct target, count) },
    { "workers", 0, "N", "frames processed at the same time", MC_OPTION_INT, .min = -3, .max = 64,
      MC_OPTION_FIELD(struct target, workers) },
    { "rate", 'r', "HZ",
      "frames per second that are sent to every subscriber, whatever the source may deliver: a "
      "long text",
      MC_OPTION_DOUBLE, .min = 0, .max = 1000, MC_OPTION_FIELD(struct target, rate) },
    { "beta", 0, "B", "cutoff slope", MC_OPTION_DOUBLE, .min = -1, .max = 1,
      MC_OPTION_FIELD(struct target, beta) },
    { "loop", 'l', NULL, "start again at the end", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct target, loop) },
    { "repeat", 0, "yes|no", "repeat the source", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct target, repeat) },
    { "path", 0, "PATH", "a short path", MC_OPTION_STRING, MC_OPTION_FIELD(struct target, path) },
    { "format", 'f', "FORMAT", "table or json", MC_OPTION_ENUM, .names = formats,
      MC_OPTION_FIELD(struct target, format) },
    { "json", 0, NULL, "the same as --format json", MC_OPTION_CONST, .constant = FORMAT_JSON,
      MC_OPTION_FIELD(struct target, format) },
    { "log-level", 0, "LEVEL", "error, warning, info or debug", MC_OPTION_ENUM,
      .names = mc_options_log_levels, MC_OPTION_FIELD(struct target, level) },
    { "calibrate-with-clips", 0, "CLIP", "clips", MC_OPTION_CALL, .many = true, .set = add_clip },
    { 0 },
};

// Parses the words of line; text in target borrows it.
static enum mc_options_result parse(struct target *target, const char *line, struct mc_error *err)
{
    static char words[256];
    char *argv[24] = { words };
    int argc = 1;
    assert_true(strlen(line) < sizeof words);
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    *target = (struct target){ .repeat = -1 };
    *err = (struct mc_error){ 0 };
    const struct mc_options scope = { table, target };
    return mc_options_parse(&scope, 1, argc, argv, NULL, err);
}

static void every_kind_is_read_in_every_form(void **state)
{
    (void)state;
    struct target target;
    struct mc_error err;
    assert_int_equal(parse(&target,
                           "in.rec -n5 --rate=2.5 a -lf json --workers -3 --beta -5e-1 b "
                           "--repeat no --path 1234567 --log-level debug -- --c -",
                           &err),
                     MC_OPTIONS_RUN);
    assert_string_equal(target.file, "in.rec");
    assert_int_equal(target.rest_count, 4);
    assert_string_equal(target.rest[0], "a");
    assert_string_equal(target.rest[2], "--c");
    assert_string_equal(target.rest[3], "-");
    assert_int_equal(target.count, 5);
    assert_true(target.rate == 2.5);
    assert_true(target.beta == -0.5f);
    assert_true(target.loop);
    assert_int_equal(target.workers, -3);
    assert_int_equal(target.repeat, 0);
    assert_string_equal(target.path, "1234567");
    assert_int_equal(target.format, FORMAT_JSON);
    assert_int_equal(target.level, MC_LOG_DEBUG);
}

static void what_is_not_given_stays(void **state)
{
    (void)state;
    struct target target;
    struct mc_error err;
    assert_int_equal(parse(&target, "--count 1 --count 2 f", &err), MC_OPTIONS_RUN);
    assert_int_equal(target.count, 2); // the last wins
    assert_int_equal(target.repeat, -1);
    assert_false(target.loop);
    assert_int_equal(target.format, FORMAT_TABLE);
    assert_int_equal(parse(&target, "f --json", &err), MC_OPTIONS_RUN);
    assert_int_equal(target.format, FORMAT_JSON);
}

static void an_option_of_many_values_ends_at_the_next_option(void **state)
{
    (void)state;
    struct target target;
    struct mc_error err;
    assert_int_equal(parse(&target, "f --calibrate-with-clips a b -n 2 c", &err), MC_OPTIONS_RUN);
    assert_int_equal(target.clip_count, 2);
    assert_string_equal(target.clips[1], "b");
    assert_string_equal(target.rest[0], "c");
}

// Each is refused with exactly this message.
static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const number = "--count must be a whole number from 1 to 1000000000";
    static const char *const rate = "--rate must be a number from 0 to 1000";
    static const struct {
        const char *line, *message, *got;
    } cases[] = {
        { "f --count 0", number, "0" },
        { "f --count=", number, "" },
        { "f --count 1000000001", number, "1000000001" },
        { "f -n 99999999999999999999", number, "99999999999999999999" },
        { "f -n -9223372036854775809", number, "-9223372036854775809" },
        { "f -n7x", number, "7x" },
        { "f -n 0x10", number, "0x10" },
        { "f -n 1e3", number, "1e3" },
        { "f -n --", number, "--" },
        { "f --rate 1e12", rate, "1e12" },
        { "f --rate 1e999", rate, "1e999" },
        { "f --rate nan", rate, "nan" },
        { "f --rate inf", rate, "inf" },
        { "f --rate 0x1p3", rate, "0x1p3" },
        { "f --rate 1.2.3", rate, "1.2.3" },
        { "f --rate 1e", rate, "1e" },
        { "f --rate -0.1", rate, "-0.1" },
        { "f --rate=", rate, "" },
        { "f --rate 5Hz", rate, "5Hz" },
        { "f --repeat maybe", "--repeat must be yes or no", "maybe" },
        { "f -f xml", "--format must be table or json", "xml" },
        { "f --log-level loud", "--log-level must be error, warning, info or debug", "loud" },
        { "f --path 12345678", "--path must be 1 to 7 bytes, got 8", NULL },
        { "f --path=", "--path must not be empty", NULL },
        { "f --loop=yes", "--loop takes no value", NULL },
        { "f --count", "--count requires a value, N", NULL },
        { "f -n", "--count requires a value, N", NULL },
        { "f --coutn 5", "unknown option '--coutn'; did you mean '--count'?", NULL },
        { "f --formt=json", "unknown option '--formt'; did you mean '--format'?", NULL },
        { "--count 1 --", "missing argument FILE", NULL },
        { "f --quite-another", "unknown option '--quite-another'", NULL },
        { "f --FILE x", "unknown option '--FILE'", NULL },
        { "f -lx", "unknown option '-x'", NULL },
        { "--loop", "missing argument FILE", NULL },
        { "f a b c d e", "REST must be at most 4, got 'e' too", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct target target;
        struct mc_error err;
        char want[256];
        snprintf(want, sizeof want, cases[i].got != NULL ? "%s, got '%s'" : "%s", cases[i].message,
                 cases[i].got);
        if (parse(&target, cases[i].line, &err) != MC_OPTIONS_USAGE) {
            fail_msg("'%s' was accepted", cases[i].line);
        }
        assert_string_equal(err.message, want);
        assert_int_equal(err.code, MC_ERROR_ARGUMENT);
    }
}

static void blanks_around_numbers_are_refused(void **state)
{
    (void)state;
    struct target target = { 0 };
    struct mc_error err = { 0 };
    const struct mc_options scope = { table, &target };
    assert_false(mc_options_set(&scope, 1, "count", " 5", &err));
    assert_false(mc_options_set(&scope, 1, "count", "5 ", &err));
    assert_false(mc_options_set(&scope, 1, "rate", "\t5", &err));
}

static void help_and_version_need_nothing_else(void **state)
{
    (void)state;
    struct target target;
    struct mc_error err;
    assert_int_equal(parse(&target, "--help", &err), MC_OPTIONS_HELP);
    assert_int_equal(parse(&target, "-lh", &err), MC_OPTIONS_HELP);
    assert_int_equal(parse(&target, "f --version", &err), MC_OPTIONS_VERSION);
    assert_int_equal(parse(&target, "-V", &err), MC_OPTIONS_VERSION);
}

static void a_word_stops_the_options_of_a_program(void **state)
{
    (void)state;
    static const struct mc_option outer[] = {
        { "loop", 0, NULL, "loop", MC_OPTION_BOOL, MC_OPTION_FIELD(struct target, loop) },
        { 0 },
    };
    char words[4][8] = { "program", "--loop", "watch", "--x" };
    char *argv[] = { words[0], words[1], words[2], words[3] };
    struct target target = { 0 };
    struct mc_error err = { 0 };
    int used = 0;
    const struct mc_options scope = { outer, &target };
    assert_int_equal(mc_options_parse(&scope, 1, 4, argv, &used, &err), MC_OPTIONS_RUN);
    assert_int_equal(used, 2);
    assert_true(target.loop);
}

static void outer_scopes_are_searched_for_options_but_not_for_arguments(void **state)
{
    (void)state;
    static const struct mc_option inner[] = { { 0 } };
    char words[3][8] = { "watch", "--loop", "file" };
    char *argv[] = { words[0], words[1], words[2] };
    struct target target = { 0 };
    struct mc_error err = { 0 };
    const struct mc_options scopes[] = { { inner, NULL }, { table, &target } };
    assert_int_equal(mc_options_parse(scopes, 2, 2, argv, NULL, &err), MC_OPTIONS_RUN);
    assert_true(target.loop);
    assert_int_equal(mc_options_parse(scopes, 2, 3, argv, NULL, &err), MC_OPTIONS_USAGE);
    assert_string_equal(err.message, "unexpected argument 'file'");
}

static void an_option_is_set_by_its_name(void **state)
{
    (void)state;
    struct target target = { .repeat = -1, .count = 3 };
    struct mc_error err = { 0 };
    const struct mc_options scope = { table, &target };
    assert_true(mc_options_set(&scope, 1, "loop", "yes", &err));
    assert_true(mc_options_set(&scope, 1, "repeat", "yes", &err));
    assert_true(target.loop);
    assert_int_equal(target.repeat, 1);
    assert_true(mc_options_set(&scope, 1, "loop", "no", &err));
    assert_false(target.loop);
    assert_false(mc_options_set(&scope, 1, "count", "0", &err));
    assert_string_equal(err.message, "count must be a whole number from 1 to 1000000000, got '0'");
    assert_int_equal(target.count, 3);
    assert_false(mc_options_set(&scope, 1, "cuont", "0", &err));
    assert_string_equal(err.message, "unknown option 'cuont'; did you mean 'count'?");
}

static void the_first_scope_that_knows_an_option_gets_it(void **state)
{
    (void)state;
    static const struct mc_option other[] = {
        { "loop", 0, NULL, "loop", MC_OPTION_BOOL, MC_OPTION_FIELD(struct target, loop) },
        { 0 },
    };
    struct target first = { 0 }, second = { 0 };
    const struct mc_options scopes[] = { { other, &first }, { table, &second } };
    struct mc_error err = { 0 };
    assert_true(mc_options_set(scopes, 2, "loop", "On", &err));
    assert_true(mc_options_set(scopes, 2, "count", "7", &err));
    assert_true(first.loop && !second.loop);
    assert_int_equal(second.count, 7);
    assert_false(mc_options_set(scopes, 2, "cont", "7", &err));
    assert_string_equal(err.message, "unknown option 'cont'; did you mean 'count'?");
}

static void help_is_aligned_and_wrapped(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    mc_options_write_usage(table, out);
    fputc('\n', out);
    mc_options_write_help(table, MC_OPTION_ARGUMENT, false, out);
    mc_options_write_help(table, MC_OPTION_NAMED, true, out);
    fclose(out);
    static const char want[] =
        " [options] FILE [REST...]\n"
        "  FILE  the file to read\n"
        "  REST  what follows\n"
        "  -n, --count N          stop after N records\n"
        "      --workers N        frames processed at the same time\n"
        "  -r, --rate HZ          frames per second that are sent to every subscriber,\n"
        "                         whatever the source may deliver: a long text\n"
        "      --beta B           cutoff slope\n"
        "  -l, --loop             start again at the end\n"
        "      --repeat yes|no    repeat the source\n"
        "      --path PATH        a short path\n"
        "  -f, --format FORMAT    table or json\n"
        "      --json             the same as --format json\n"
        "      --log-level LEVEL  error, warning, info or debug\n"
        "      --calibrate-with-clips CLIP...\n"
        "                         clips\n"
        "  -h, --help             print this help and exit\n"
        "  -V, --version          print the version and exit\n";
    assert_string_equal(text, want);
    free(text);
}

static void log_levels_are_in_their_enum_order(void **state)
{
    (void)state;
    assert_string_equal(mc_options_log_levels[MC_LOG_ERROR], "error");
    assert_string_equal(mc_options_log_levels[MC_LOG_WARNING], "warning");
    assert_string_equal(mc_options_log_levels[MC_LOG_INFO], "info");
    assert_string_equal(mc_options_log_levels[MC_LOG_DEBUG], "debug");
    assert_null(mc_options_log_levels[MC_LOG_DEBUG + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read_in_every_form),
        cmocka_unit_test(what_is_not_given_stays),
        cmocka_unit_test(an_option_of_many_values_ends_at_the_next_option),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(blanks_around_numbers_are_refused),
        cmocka_unit_test(help_and_version_need_nothing_else),
        cmocka_unit_test(a_word_stops_the_options_of_a_program),
        cmocka_unit_test(outer_scopes_are_searched_for_options_but_not_for_arguments),
        cmocka_unit_test(an_option_is_set_by_its_name),
        cmocka_unit_test(the_first_scope_that_knows_an_option_gets_it),
        cmocka_unit_test(help_is_aligned_and_wrapped),
        cmocka_unit_test(log_levels_are_in_their_enum_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
