// The text of configuration files, as people and their editors write it.
//
//     # A comment; so is a line that begins with ;
//     workers = 2                       # and what follows a blank and a # or ;
//     [stream desk]
//     url = v4l2:/dev/video0
//     [stream door]
//     url = rtsp://camera.local/live#1  # a # without a blank before it is part of the value
//     password = "a # b"                # so is everything in quotes
//
// Lines end in LF, CRLF or CR; the last one may lack its end. Spaces and tabs around names,
// values and section headers are ignored. A value in '…' is taken literally. A value in "…"
// may hold \" \\ \' \t \n \r, \xHH for a byte, \uHHHH and \UHHHHHHHH for a character. Elsewhere
// quotes and backslashes stand for themselves.
//
// Outside comments the text must be UTF-8. Invisible characters (utf8.h) are refused there, since
// nobody would see why the value is wrong; where one is meant, an escape says so.
//
// Errors read "FILE:LINE:COLUMN: must be …, got …"; lines and columns count from 1, every
// character is one column. No error holds a value: it may be a password.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text_file.h"

enum mc_config_kind {
    MC_CONFIG_SECTION, // [name value]; value is "" without one
    MC_CONFIG_SETTING, // name = value
    MC_CONFIG_END,     // of the text
};

struct mc_config_item {
    enum mc_config_kind kind;
    const char *name, *value; // in the text, until it is closed
    int line, name_column, value_column;
};

struct mc_config_text {
    const char *path; // borrowed
    struct mc_text_file file;
    char *next; // the line to read next
    int line;   // its number
};

// Reads the file; see text_file.h for what it refuses. Close config whatever is returned.
bool mc_config_text_open(struct mc_config_text *config, const char *path,
                         struct mc_error *err) MC_MUST_USE;

// The same for size bytes in memory; path is for errors.
bool mc_config_text_open_memory(struct mc_config_text *config, const char *path, const char *bytes,
                                size_t size, struct mc_error *err) MC_MUST_USE;

void mc_config_text_close(struct mc_config_text *config);

// Reads the next section header or setting; the item's kind is END after the last one.
bool mc_config_text_next(struct mc_config_text *config, struct mc_config_item *item,
                         struct mc_error *err) MC_MUST_USE;

// Reads a file that holds one value alone on its line, such as a password, instead of items.
// Here # and ; are part of the value; quotes are special only around the whole of it.
bool mc_config_text_single(struct mc_config_text *config, struct mc_config_item *item,
                           struct mc_error *err) MC_MUST_USE;

// Writes "name = value" and the line's end, in quotes and with escapes where reading needs them.
void mc_config_text_write_setting(FILE *out, const char *name, const char *value);
