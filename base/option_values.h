// The values of options, as lines of a configuration file. Reading the lines back gives the same
// values. Any thread.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct mc_option;

// Writes "name = value" for each NAMED row of the table that a file may give, in the table's
// order, from the fields of target. Rows without a value of their own are left out: empty texts,
// numbers below the least that the row takes, and CALL rows without get or for which it writes "".
void mc_option_values_write(const struct mc_option *table, const void *target, FILE *out);

// Whether the row has the same value in both targets.
bool mc_option_values_are_same(const struct mc_option *row, const void *a, const void *b);
