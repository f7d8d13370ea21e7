// mocapctl calibrate range: how far each expression of a person reaches.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/record.h"
#include "tools/mocapctl/calibrate.h"
#include "tools/terminal.h"

#define SHAPE(name) (UINT64_C(1) << PROTOCOL_##name)
#define BOTH(name) (SHAPE(name##_LEFT) | SHAPE(name##_RIGHT))

static const struct step {
    const char *instruction;
    uint64_t shapes;
} steps[] = {
    { "open your mouth wide", SHAPE(JAW_OPEN) },
    { "smile as broadly as you can", BOTH(MOUTH_SMILE) },
    { "turn the corners of your mouth down", BOTH(MOUTH_FROWN) },
    { "purse your lips as for a kiss", SHAPE(MOUTH_PUCKER) },
    { "puff your cheeks", SHAPE(CHEEK_PUFF) },
    { "move your mouth to the left", SHAPE(MOUTH_LEFT) },
    { "move your mouth to the right", SHAPE(MOUTH_RIGHT) },
    { "raise your brows", SHAPE(BROW_INNER_UP) | BOTH(BROW_OUTER_UP) },
    { "pull your brows down", BOTH(BROW_DOWN) },
    { "wrinkle your nose", BOTH(NOSE_SNEER) },
    { "open your eyes wide", BOTH(EYE_WIDE) },
    { "close your eyes until the bell", BOTH(EYE_BLINK) },
    { "look left without turning your head", SHAPE(EYE_LOOK_OUT_LEFT) | SHAPE(EYE_LOOK_IN_RIGHT) },
    { "look right without turning your head", SHAPE(EYE_LOOK_IN_LEFT) | SHAPE(EYE_LOOK_OUT_RIGHT) },
    { "look up without raising your head", BOTH(EYE_LOOK_UP) },
    { "look down without lowering your head", BOTH(EYE_LOOK_DOWN) },
};
enum { STEPS = sizeof steps / sizeof steps[0] };

enum answer { GO, SKIP, STOP };

// Waits until the person is ready.
static enum answer wait_ready(const char *instruction)
{
    char line[64];
    const bool asks = isatty(STDIN_FILENO);
    fprintf(stderr, "%s%s\n", instruction,
            asks ? ": press Enter, then hold it for two seconds (s: skip, q: quit)" : "");
    if (!asks) {
        return GO;
    }
    if (fgets(line, sizeof line, stdin) == NULL || line[0] == 'q') {
        return STOP;
    }
    return line[0] == 's' ? SKIP : GO;
}

// One line for each shape: how strong it was, and the gain that makes that 1.
static void print_face(const struct protocol_shape_range *range)
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (!(range->peaks.known & UINT64_C(1) << i)) {
            continue;
        }
        const double peak = (double)range->peaks.values[i], gain = (double)range->gains.values[i];
        printf("  %-20s reached %.2f, gain %.2f%s\n", protocol_shape_name((enum protocol_shape)i),
               peak, gain, peak < PROTOCOL_RANGE_PEAK_MIN ? " as before: too weak to measure" : "");
    }
}

static void print(const struct protocol_calibrated *calibrated)
{
    for (int i = 0; i < calibrated->range_count; i++) {
        if (calibrated->range_count > 1) {
            printf("  face %d from the left:\n", i + 1);
        }
        print_face(&calibrated->ranges[i]);
    }
    fflush(stdout);
}

// Whether the stream's model can see any of the step's shapes.
static bool is_offered(const struct step *step, uint64_t has)
{
    return has == 0 || (has & step->shapes) != 0;
}

static int count_offered(uint64_t has)
{
    int count = 0;
    for (int i = 0; i < STEPS; i++) {
        count += is_offered(&steps[i], has);
    }
    return count;
}

bool mocapctl_calibrate_range(struct mocapctl_calibrate *calibrate)
{
    if (!mocapctl_calibrate_ask(calibrate, PROTOCOL_CALIBRATE_SHOW, 0)) {
        return false;
    }
    const uint64_t has = calibrate->reply->calibration.shapes;
    int done = 0;
    for (int i = 0; i < STEPS; i++) {
        if (!is_offered(&steps[i], has)) {
            continue;
        }
        const enum answer answer = wait_ready(steps[i].instruction);
        if (answer == STOP) {
            break;
        }
        if (answer == SKIP) {
            continue;
        }
        if (!mocapctl_calibrate_ask(calibrate, PROTOCOL_CALIBRATE_RANGE, steps[i].shapes)) {
            return false;
        }
        if (isatty(STDERR_FILENO)) {
            fputc('\a', stderr);
        }
        print(&calibrate->reply->calibrated);
        done++;
    }
    if (done > 0) {
        printf("measured %d of %d steps, kept in profile ", done, count_offered(has));
        tools_write_text(stdout, calibrate->reply->calibrated.profile);
        putchar('\n');
    }
    return true;
}
