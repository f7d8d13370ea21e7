// What to do when a device cannot be used: which group to join, which program to close. Any thread.
#pragma once

#include <stddef.h>

// Writes advice for the device at path that a system call refused with that errno, as the rest of
// a sentence: "; pid 4711 (cheese) has it". "" when there is none.
void pipeline_device_advice(const char *path, int number, char *text, size_t size);
