// Options of programs and of configuration files, described by one table.
//
// A table lists options and arguments (words without dashes), one row each, and ends
// with a row that has no name. Everything else follows from it: reading a command line,
// setting one option by name, the help text. A row stores its value in a field of a
// struct, the target, so that one table serves any number of targets.
//
//     struct watch { const char *stream; long count; };
//     static const struct mc_option watch_table[] = {
//         { "STREAM", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT,
//           .help = "the stream to watch", MC_OPTION_FIELD(struct watch, stream) },
//         { "count", 'n', "N", "stop after N records", MC_OPTION_INT, .min = 1, .max = 1e9,
//           MC_OPTION_FIELD(struct watch, count) },
//         { 0 },
//     };
//
// Values are read as base/value.h does: strictly, numbers within bounds. Any thread.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum mc_option_kind {
    MC_OPTION_BOOL,   // bool or int (1 or 0): yes or no
    MC_OPTION_INT,    // int, long or int64_t, from min to max
    MC_OPTION_DOUBLE, // double or float, from min to max
    MC_OPTION_STRING, // char array: a copy; must not be empty, and must fit
    MC_OPTION_TEXT,   // const char *: borrows the value; must not be empty
    MC_OPTION_ENUM,   // an enum or int: the value's index in names
    MC_OPTION_CONST,  // an enum or int: yes stores constant; --csv, --json
    MC_OPTION_CALL,   // whatever set makes of it
};

enum mc_option_place {
    MC_OPTION_NAMED,    // --name
    MC_OPTION_ARGUMENT, // a word of its own, in the table's order
};

// Reads value into field, which is the target plus the row's offset. label names the option in
// errors as the user wrote it: "--region must be …, got …".
typedef bool mc_option_set_fn(void *field, const char *label, const char *value,
                              struct mc_error *err);

// Writes the value of field as set reads it; "" when there is none.
typedef void mc_option_get_fn(const void *field, char *text, size_t size);

struct mc_option {
    const char *name;  // "count"; an argument's as the usage line shows it, "STREAM"
    char letter;       // 'n' for -n; 0: none
    const char *value; // what help calls the value, "N"; NULL: --name takes none and means "yes"
    const char *help;  // a phrase, no full stop; wrapped when printed
    enum mc_option_kind kind;
    enum mc_option_place place;
    bool required;            // the command line must give it
    bool many;                // takes every word up to the next option; only with CALL
    bool command_line_only;   // no configuration file may give it
    bool at_start_only;       // of a daemon: a change takes effect at its next start
    double min, max;          // both inclusive
    const char *const *names; // ends in NULL
    int constant;
    mc_option_set_fn *set;
    mc_option_get_fn *get; // of CALL, for option_values.h; NULL: its value cannot be written
    size_t offset, size;   // of the field; see MC_OPTION_FIELD
};

#define MC_OPTION_FIELD(type, field)                                                               \
    .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)

// The names of enum mc_log_level, for ENUM.
extern const char *const mc_options_log_levels[];

// A table and what it fills.
struct mc_options {
    const struct mc_option *table;
    void *target;
};

// The option called name, without dashes; NULL when the table has none.
const struct mc_option *mc_options_find(const struct mc_option *table, const char *name);

// Whether one of count scopes knows the option called name, without dashes.
bool mc_options_know(const struct mc_options *scopes, int count, const char *name);

// Sets the option called name, without dashes, in the first of count scopes that knows it. For
// configuration files: BOOL takes a value even where the command line takes none. Sets err to
// "name must be …, got …" or "unknown option 'name'; did you mean …?"; the field is then
// unchanged.
bool mc_options_set(const struct mc_options *scopes, int count, const char *name, const char *value,
                    struct mc_error *err) MC_MUST_USE;

enum mc_options_result {
    MC_OPTIONS_RUN,
    MC_OPTIONS_HELP,    // -h or --help, which every command line takes
    MC_OPTIONS_VERSION, // -V or --version, likewise
    MC_OPTIONS_USAGE,   // the command line is wrong; err says how
};

// Reads argv[1] to argv[argc - 1]. Options may follow arguments; "--" ends the options; -n 5,
// -n5, --count 5 and --count=5 are the same; the last of several wins.
//   scopes  count of them, at least 1; options are looked up in their order, arguments and
//           what is required only in the first
//   used    NULL: all words must be options and arguments of the tables. Otherwise reading
//           stops at the first word that is no option, and *used is its index (argc: none)
// Text values borrow argv.
enum mc_options_result mc_options_parse(const struct mc_options *scopes, int count, int argc,
                                        char *const *argv, int *used,
                                        struct mc_error *err) MC_MUST_USE;

// Writes the table's part of a usage line: " [options] FILE [OUT]".
void mc_options_write_usage(const struct mc_option *table, FILE *out);

// Writes one aligned, wrapped line for each row of the place. Of NAMED rows, --help and
// --version too when builtins.
void mc_options_write_help(const struct mc_option *table, enum mc_option_place place, bool builtins,
                           FILE *out);

// Writes text from the given column on, wrapped before column 80; later lines are indented
// by that column. Ends the line.
void mc_options_write_wrapped(const char *text, int column, FILE *out);
