// Values that people write on command lines and in configuration files, read with their bounds.
//
// Nothing is rounded, cut or guessed: what does not fit is an error that begins with name, which
// says whose value it is ("--workers", "workers"): "--workers must be …, got '…'". Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// A whole number in decimal digits from least to most.
bool mc_value_integer(const char *name, const char *text, int64_t least, int64_t most,
                      int64_t *value, struct mc_error *err) MC_MUST_USE;

// The same for an int.
bool mc_value_int(const char *name, const char *text, int least, int most, int *value,
                  struct mc_error *err) MC_MUST_USE;

// A decimal number from least to most: 2, 0.5, 1e3. Neither infinity nor not-a-number.
bool mc_value_real(const char *name, const char *text, double least, double most, double *value,
                   struct mc_error *err) MC_MUST_USE;

// count numbers with commas between them, such as 1,2,30,40.
bool mc_value_reals(const char *name, const char *text, double least, double most, double *values,
                    int count, struct mc_error *err) MC_MUST_USE;

// yes, no, true, false, on, off, 1 or 0, in upper or lower case.
bool mc_value_boolean(const char *name, const char *text, bool *value,
                      struct mc_error *err) MC_MUST_USE;

// One of count words, in upper or lower case; index is which.
bool mc_value_choice(const char *name, const char *text, const char *const *words, int count,
                     int *index, struct mc_error *err) MC_MUST_USE;

// Copies text, which must have 1 to size - 1 bytes. The error does not hold it: it may be secret.
bool mc_value_text(const char *name, const char *text, char *value, size_t size,
                   struct mc_error *err) MC_MUST_USE;
