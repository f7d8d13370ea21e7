// synthface: renders a face that moves, and writes where its landmarks are.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/synthface/synthface.h"
#include "tools/video_writer.h"

enum { EXIT_USAGE = 2, FRAMES_MAX = 1000000 };

struct job {
    int frames, width, height, fps;
    unsigned seed;
    bool still;
    const char *output, *landmarks;
};

static const char usage[] =
    "usage: synthface [--frames N] [--size WxH] [--fps F] [--seed S] [--still]\n"
    "                 [--landmarks FILE] -o FILE\n"
    "\n"
    "  -o FILE           .mp4, .mkv or .y4m (lossless), or .png (the last frame)\n"
    "  --landmarks FILE  JSON lines: for each frame its 68 landmarks (iBUG order) and\n"
    "                    what the head does\n"
    "  --frames N        default 300: ten seconds, after which the motion repeats\n"
    "  --size WxH        default 640x480\n"
    "  --fps F           default 30\n"
    "  --seed S          another face, another room; default 1\n"
    "  --still           looks straight ahead\n";

static bool parse_number(const char *text, int least, int most, int *number)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most) {
        return false;
    }
    *number = (int)value;
    return true;
}

static bool parse_size(const char *text, struct job *job)
{
    int length = 0;
    return sscanf(text, "%5dx%5d%n", &job->width, &job->height, &length) == 2 &&
           text[length] == '\0' && job->width % 2 == 0 && job->height % 2 == 0 &&
           job->width >= SYNTHFACE_EDGE_MIN && job->height >= SYNTHFACE_EDGE_MIN &&
           job->width <= SYNTHFACE_EDGE_MAX && job->height <= SYNTHFACE_EDGE_MAX;
}

static int complain(const char *what)
{
    fprintf(stderr, "synthface: %s\n%s", what, usage);
    return EXIT_USAGE;
}

// One line of the sidecar. Three decimals: a thousandth of a pixel.
static bool write_truth(FILE *file, int frame, double fps, const struct synthface_truth *truth)
{
    const float *r = truth->rotation[0];
    fprintf(file, "{\"frame\":%d,\"pts\":%.6f,\"points\":[", frame, frame / fps);
    for (int i = 0; i < SYNTHFACE_LANDMARKS; i++) {
        fprintf(file, "%s[%.3f,%.3f]", i == 0 ? "" : ",", (double)truth->points[i][0],
                (double)truth->points[i][1]);
    }
    return fprintf(file,
                   "],\"yaw\":%.3f,\"pitch\":%.3f,\"roll\":%.3f,\"eye_open\":[%.3f,%.3f],"
                   "\"mouth_open\":%.3f,\"smile\":%.3f,\"brow_raise\":%.3f,"
                   "\"rotation\":[[%.5f,%.5f,%.5f],[%.5f,%.5f,%.5f],[%.5f,%.5f,%.5f]],"
                   "\"focal\":%.3f,\"middle\":[%.3f,%.3f]}\n",
                   (double)truth->yaw, (double)truth->pitch, (double)truth->roll,
                   (double)truth->eye_open[0], (double)truth->eye_open[1],
                   (double)truth->mouth_open, (double)truth->smile, (double)truth->brow_raise,
                   (double)r[0], (double)r[1], (double)r[2], (double)r[3], (double)r[4],
                   (double)r[5], (double)r[6], (double)r[7], (double)r[8], (double)truth->focal,
                   (double)truth->middle[0], (double)truth->middle[1]) > 0;
}

static bool render(const struct job *job, struct synthface *face, struct video_writer *writer,
                   FILE *landmarks, uint8_t *rgb, struct mc_error *err)
{
    const bool is_png = strcmp(strrchr(job->output, '.'), ".png") == 0;
    for (int frame = 0; frame < job->frames; frame++) {
        struct synthface_truth truth;
        synthface_render(face, (unsigned)frame, job->fps, rgb, &truth);
        bool wanted = !is_png || frame == job->frames - 1;
        if (wanted && !video_writer_add(writer, rgb, (size_t)job->width * 3, err)) {
            return false;
        }
        if (landmarks != NULL && !write_truth(landmarks, frame, job->fps, &truth)) {
            return mc_error_set_errno(err, "%s", job->landmarks);
        }
    }
    return true;
}

static bool run(const struct job *job, struct mc_error *err)
{
    uint8_t *rgb = malloc((size_t)job->width * (size_t)job->height * 3);
    struct synthface *face = synthface_create(job->seed, job->width, job->height, job->still, err);
    struct video_writer *writer =
        rgb == NULL || face == NULL
            ? NULL
            : video_writer_create(job->output, job->width, job->height, job->fps, 1, err);
    FILE *landmarks = NULL;
    bool good = writer != NULL;
    if (good && job->landmarks != NULL) {
        landmarks = fopen(job->landmarks, "w");
        good = landmarks != NULL || mc_error_set_errno(err, "%s", job->landmarks);
    }
    good = good && render(job, face, writer, landmarks, rgb, err);
    if (landmarks != NULL && fclose(landmarks) != 0 && good) {
        good = mc_error_set_errno(err, "%s", job->landmarks);
    }
    if (good) {
        good = video_writer_finish(writer, err);
    } else {
        video_writer_abandon(writer);
    }
    synthface_destroy(face);
    free(rgb);
    return good;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "frames", required_argument, NULL, 'n' },
        { "size", required_argument, NULL, 's' },
        { "fps", required_argument, NULL, 'f' },
        { "seed", required_argument, NULL, 'd' },
        { "still", no_argument, NULL, 't' },
        { "landmarks", required_argument, NULL, 'l' },
        { "output", required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct job job = { .frames = 300, .width = 640, .height = 480, .fps = 30, .seed = 1 };
    int found, seed = 1;
    while ((found = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (found == 'h') {
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        }
        if (found == 'n' && !parse_number(optarg, 1, FRAMES_MAX, &job.frames)) {
            return complain("--frames: wants a number of 1 to 1000000");
        }
        if (found == 's' && !parse_size(optarg, &job)) {
            return complain("--size: wants WxH, even numbers of 32 to 4096");
        }
        if (found == 'f' && !parse_number(optarg, 1, 240, &job.fps)) {
            return complain("--fps: wants a number of 1 to 240");
        }
        if (found == 'd' && !parse_number(optarg, 0, 2147483647, &seed)) {
            return complain("--seed: wants a number from 0 on");
        }
        if (found == '?') {
            return complain("an argument is wrong");
        }
        job.still |= found == 't';
        job.output = found == 'o' ? optarg : job.output;
        job.landmarks = found == 'l' ? optarg : job.landmarks;
    }
    if (optind != argc || job.output == NULL) {
        return complain(job.output == NULL ? "wants -o FILE" : "takes no other arguments");
    }
    job.seed = (unsigned)seed;
    struct mc_error err = { 0 };
    if (!run(&job, &err)) {
        fprintf(stderr, "synthface: %s\n", err.message[0] == '\0' ? "no memory" : err.message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
