// mocapctl: the daemon's companion at the command line.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/mocapctl/command.h"

static const struct command {
    const char *name;
    const char *subject; // the word after the name; NULL: any that no other row has
    mocapctl_command_fn *run;
    const char *synopsis;
    const char *summary;
} commands[] = {
    { "watch", NULL, mocapctl_watch, "[STREAM] [--count N] [--format json|table]",
      "print motion records as they come, of STREAM or of all streams" },
    { "status", NULL, mocapctl_status, "[--json]",
      "tell how the streams are: state, records, frames dropped and why, who watches" },
    { "metrics", NULL, mocapctl_metrics, "[STREAM]",
      "print the daemon's numbers as Prometheus' text" },
    { "calibrate", NULL, mocapctl_calibrate, "STREAM",
      "measure the neutral face of who looks at the camera, for blend shapes" },
    { "overlay", NULL, mocapctl_overlay,
      "IN OUT.mp4|OUT.png [--model M] [--locator L] [--max-faces N]\n"
      "                 [--region x,y,w,h] [--frame N] [--pose]",
      "draw the keypoints of a clip on its pictures; with --pose smoothed, and the head's axes:\n"
      "      red to the person's left, green down, blue where the face looks" },
    { "record", NULL, mocapctl_record, "FILE [--stream NAME] [--count N] [--seconds S]",
      "write what mocapd says to FILE, until it ends, Ctrl-C, or so much" },
    { "replay", NULL, mocapctl_replay,
      "FILE [--speed S] [--loop] [--from S] [--every-frame] [--wait-subscribers K]",
      "serve a recording as mocapd served what it is of, when somebody subscribes" },
    { "export", NULL, mocapctl_export, "FILE [--csv|--json|--bvh] [--stream NAME] [-o OUT]",
      "write a recording as a table, as lines of JSON, or its head as BVH" },
    { "model", NULL, mocapctl_model,
      "info FILE [--plan]\n"
      "                 quantize FILE --calibrate CLIP... -o OUT",
      "tell what a weight file holds and what it costs, with --plan step by step;\n"
      "      make an int8 file of it" },
    { "compare", NULL, mocapctl_compare,
      "[MODEL|FOLDER|NETWORK ...] [--size S] [--runs N] [--set FOLDER [--faces N]]\n"
      "                 [--teacher MODEL] [--onnxruntime LIBRARY] [--json|--markdown] [--svg FILE]",
      "networks side by side in one run: cost, time by module, error on labelled faces;\n"
      "      without models, those of models/zoo, or every network with invented weights" },
    { "bench", NULL, mocapctl_bench,
      "net|kernels [--arch A --size S | --model FILE] [--threads T] [--precision P]\n"
      "                 [--seconds N | --runs N] [--profile] [--json]\n"
      "                 blocks [--size S] [--runs N] [--json]\n"
      "                 motion STILL FAST [--model FILE]",
      "measure the network, or its operators at every level of the processor, or what\n"
      "      networks are built of, or on two clips what smoothing does to noise and lag" },
    { "bench", "pipeline", mocapctl_bench, "[--seconds N] [--ffmpeg URL] [--reopen N]",
      "measure the running daemon: how old records are when they are read, what it adds to\n"
      "      decoding and forward passes, what it costs against ffmpeg decoding URL, and memory\n"
      "      after opening the first stream N times" },
    { "bench", "subscribers", mocapctl_bench,
      "[--readers N] [--bullies N] [--seconds N] [--rounds N] [--encoding json|cbor]",
      "measure what subscribers cost, how late records reach them, and what bad\n"
      "      neighbours change about that" },
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_synopsis(FILE *out, const struct command *command)
{
    const char *subject = command->subject;
    fprintf(out, "mocapctl %s %s%s%s\n", command->name, subject != NULL ? subject : "",
            subject != NULL ? " " : "", command->synopsis);
}

static void print_help(FILE *out)
{
    fputs("usage: mocapctl [--socket PATH] COMMAND ...\n\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        fputs("  ", out);
        print_synopsis(out, &commands[i]);
        fprintf(out, "      %s\n", commands[i].summary);
    }
    fputs("\n"
          "  --socket PATH  where mocapd listens; by default the user's own\n"
          "                 ($XDG_RUNTIME_DIR/mocapd/mocapd.sock), else /run/mocapd/mocapd.sock\n"
          "  --version      print the version and exit\n"
          "  --help         print this and exit\n",
          out);
}

static const struct command *find_command(int argc, char **argv)
{
    const struct command *general = NULL;
    for (int i = 0; i < COMMAND_COUNT; i++) {
        const char *subject = commands[i].subject;
        if (strcmp(argv[0], commands[i].name) != 0) {
            continue;
        }
        if (subject == NULL) {
            general = &commands[i];
        } else if (argc > 1 && strcmp(argv[1], subject) == 0) {
            return &commands[i];
        }
    }
    return general;
}

static int run_command(const struct mocapctl_globals *globals, int argc, char **argv)
{
    const struct command *command = find_command(argc, argv);
    if (command == NULL) {
        mocapctl_complain("unknown command '%s', see mocapctl --help", argv[0]);
        return MOCAPCTL_USAGE;
    }
    int status = command->run(globals, argc, argv);
    if (status == MOCAPCTL_USAGE) {
        fputs("usage: ", stderr);
        print_synopsis(stderr, command);
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
