// mocapctl model quantize: see main.c's table for how it is called.
#pragma once

// argv[0] is "quantize". Returns the exit status.
int mocapctl_quantize(int argc, char **argv);
