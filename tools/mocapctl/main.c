// mocapctl: the daemon's companion at the command line.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/mocapctl/command.h"

static const struct command {
    const char *name;
    mocapctl_command_fn *run;
    const char *synopsis;
    const char *summary;
} commands[] = {
    { "watch", mocapctl_watch, "[STREAM] [--count N] [--format json|table]",
      "print motion records as they come, of STREAM or of all streams" },
    { "status", mocapctl_status, "[--json]",
      "tell how the streams are: state, records, frames dropped and why, who watches" },
    { "metrics", mocapctl_metrics, "[STREAM]", "print the daemon's numbers as Prometheus' text" },
    { "calibrate", mocapctl_calibrate, "STREAM",
      "measure the neutral face of who looks at the camera, for blend shapes" },
    { "overlay", mocapctl_overlay,
      "IN OUT.mp4|OUT.png [--model M] [--locator L] [--max-faces N]\n"
      "                 [--region x,y,w,h] [--frame N] [--pose]",
      "draw the keypoints of a clip on its pictures; with --pose smoothed, and the head's axes:\n"
      "      red to the person's left, green down, blue where the face looks" },
    { "record", mocapctl_record, "FILE [--stream NAME] [--count N] [--seconds S]",
      "write what mocapd says to FILE, until it ends, Ctrl-C, or so much" },
    { "replay", mocapctl_replay,
      "FILE [--speed S] [--loop] [--from S] [--every-frame] [--wait-subscribers K]",
      "serve a recording as mocapd served what it is of, when somebody subscribes" },
    { "export", mocapctl_export, "FILE [--csv|--json|--bvh] [--stream NAME] [-o OUT]",
      "write a recording as a table, as lines of JSON, or its head as BVH" },
    { "model", mocapctl_model,
      "info FILE [--plan]\n"
      "                 quantize FILE --calibrate CLIP... -o OUT",
      "tell what a weight file holds and what it costs, with --plan step by step;\n"
      "      make an int8 file of it" },
    { "compare", mocapctl_compare,
      "[MODEL|FOLDER|NETWORK ...] [--size S] [--runs N] [--set FOLDER [--faces N]]\n"
      "                 [--teacher MODEL] [--onnxruntime LIBRARY] [--json|--markdown] [--svg FILE]",
      "networks side by side in one run: cost, time by module, error on labelled faces;\n"
      "      without models, those of models/zoo, or every network with invented weights" },
    { "bench", mocapctl_bench,
      "net|kernels [--arch A --size S | --model FILE] [--threads T] [--precision P]\n"
      "                 [--seconds N | --runs N] [--profile] [--json]\n"
      "                 blocks [--size S] [--runs N] [--json]\n"
      "                 motion STILL FAST [--model FILE]",
      "measure the network, or its operators at every level of the processor, or what\n"
      "      networks are built of, or on two clips what smoothing does to noise and lag" },
    { "bench", mocapctl_bench, "pipeline [--seconds N] [--ffmpeg URL] [--reopen N]",
      "measure the running daemon: how old records are when they are read, what it adds to\n"
      "      decoding and forward passes, what it costs against ffmpeg decoding URL, and memory\n"
      "      after opening the first stream N times" },
    { "bench", mocapctl_bench,
      "subscribers [--readers N] [--bullies N] [--seconds N] [--rounds N] [--encoding json|cbor]",
      "measure what subscribers cost, how late records reach them, and what bad\n"
      "      neighbours change about that" },
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("usage: mocapctl [--socket PATH] COMMAND ...\n\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  mocapctl %s %s\n      %s\n", commands[i].name, commands[i].synopsis,
                commands[i].summary);
    }
    fputs("\n"
          "  --socket PATH  where mocapd listens; by default the user's own\n"
          "                 ($XDG_RUNTIME_DIR/mocapd/mocapd.sock), else /run/mocapd/mocapd.sock\n"
          "  --version      print the version and exit\n"
          "  --help         print this and exit\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int run_command(const struct mocapctl_globals *globals, int argc, char **argv)
{
    const struct command *command = find_command(argv[0]);
    if (command == NULL) {
        mocapctl_complain("unknown command '%s', see mocapctl --help", argv[0]);
        return MOCAPCTL_USAGE;
    }
    int status = command->run(globals, argc, argv);
    if (status == MOCAPCTL_USAGE) {
        fprintf(stderr, "usage: mocapctl %s %s\n", command->name, command->synopsis);
    }
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "socket", required_argument, NULL, 's' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    // Who reads our output may leave: a failed write says so.
    signal(SIGPIPE, SIG_IGN);
    struct mocapctl_globals globals = { 0 };
    struct mc_error err = { 0 };
    int found;
    while ((found = getopt_long(argc, argv, "+:hV", options, NULL)) != -1) {
        switch (found) {
        case 's':
            globals.socket = optarg;
            break;
        case 'V':
            puts("mocapctl " MOCAPD_VERSION);
            return MOCAPCTL_OK;
        case 'h':
            print_help(stdout);
            return MOCAPCTL_OK;
        default:
            mocapctl_option_error(&err, found, argv);
            mocapctl_complain("%s, see mocapctl --help", err.message);
            return MOCAPCTL_USAGE;
        }
    }
    if (optind == argc) {
        print_help(stderr);
        return MOCAPCTL_USAGE;
    }
    int first = optind;
    optind = 0; // getopt begins anew, in the subcommand
    return run_command(&globals, argc - first, argv + first);
}
