// Times convolutions in XNNPACK, one thread, float32: see xnnpack.py, which builds and calls this.
//
// Reads lines "HEIGHT WIDTH INPUTS OUTPUTS KERNEL_HEIGHT KERNEL_WIDTH STRIDE DILATION DEPTHWISE",
// writes the median of ROUNDS short batches of each in microseconds.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xnnpack.h>

enum { ROUNDS = 40, BATCH = 5 };

struct convolution {
    unsigned height, width, inputs, outputs, kernel_height, kernel_width, stride, dilation;
    unsigned depthwise;
};

static void die(const char *message)
{
    fprintf(stderr, "bench_xnnpack: %s\n", message);
    exit(1);
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static float *random_floats(size_t count)
{
    // XNNPACK reads up to XNN_EXTRA_BYTES beyond the last.
    float *values = malloc(count * sizeof *values + XNN_EXTRA_BYTES);
    if (values == NULL) {
        die("out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    }
    return values;
}

static unsigned padding(unsigned kernel, unsigned dilation)
{
    return (kernel - 1) * dilation / 2;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static xnn_operator_t create(const struct convolution *c, const float *kernel, const float *bias)
{
    const unsigned rows = padding(c->kernel_height, c->dilation);
    const unsigned columns = padding(c->kernel_width, c->dilation);
    const unsigned groups = c->depthwise ? c->inputs : 1;
    xnn_operator_t convolution = NULL;
    if (xnn_create_convolution2d_nhwc_f32(
            rows, columns, rows, columns, c->kernel_height, c->kernel_width, c->stride, c->stride,
            c->dilation, c->dilation, groups, c->inputs / groups, c->outputs / groups, c->inputs,
            c->outputs, kernel, bias, 0.0f, INFINITY,
            c->depthwise ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0,
            &convolution) != xnn_status_success) {
        die("XNNPACK refuses a convolution");
    }
    return convolution;
}

static double measure(const struct convolution *c)
{
    const size_t taps = (size_t)c->kernel_height * c->kernel_width;
    float *input = random_floats((size_t)c->height * c->width * c->inputs);
    float *output = random_floats((size_t)c->height * c->width * c->outputs);
    float *kernel = random_floats(taps * c->outputs * (c->depthwise ? 1 : c->inputs));
    float *bias = random_floats(c->outputs);
    xnn_operator_t convolution = create(c, kernel, bias);
    if (xnn_setup_convolution2d_nhwc_f32(convolution, 1, c->height, c->width, input, output,
                                         NULL) != xnn_status_success) {
        die("XNNPACK refuses a map");
    }
    double times[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        const double start = now_us();
        for (int i = 0; i < BATCH; i++) {
            xnn_run_operator(convolution, NULL);
        }
        times[round] = (now_us() - start) / BATCH;
    }
    qsort(times, ROUNDS, sizeof times[0], compare);
    xnn_delete_operator(convolution);
    free(input), free(output), free(kernel), free(bias);
    return times[ROUNDS / 2];
}

int main(void)
{
    if (xnn_initialize(NULL) != xnn_status_success) {
        die("XNNPACK does not run on this processor");
    }
    struct convolution c;
    while (scanf("%u %u %u %u %u %u %u %u %u", &c.height, &c.width, &c.inputs, &c.outputs,
                 &c.kernel_height, &c.kernel_width, &c.stride, &c.dilation, &c.depthwise) == 9) {
        printf("%.3f\n", measure(&c));
    }
    return 0;
}
