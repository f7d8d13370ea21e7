// The main function of a decoder process: one source, opened, read and decoded under a sandbox,
// its frames handed to the daemon through shared memory.
#pragma once

// Programs whose streams may be isolated call this first thing in main: a decoder process is the
// same program, started with an argument that only pipeline_isolate_run_session gives. Does not
// return in a decoder process.
void pipeline_decoder_process(int argc, char **argv);

// That argument, and the descriptors that come with it.
#define PIPELINE_DECODER_PROCESS_ARGUMENT "--decoder-process"
enum {
    PIPELINE_DECODER_PROCESS_SOCKET = 3,
    PIPELINE_DECODER_PROCESS_MEMORY = 4,
    PIPELINE_DECODER_PROCESS_FIRST_UNUSED = 5,
};
