// JSON as text that is freed like any other, whatever jansson allocates with (base/reserve.h).
#pragma once

#include <stddef.h>

#include <jansson.h>

// json_dumps; NULL when json is NULL or out of memory. Free it.
char *tools_json_text(const json_t *json, size_t flags);
