// Every kernel but the full convolution against plain C, on random shapes. Sums in another
// order than plain C's may differ by rounding.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nn/kernels/antialias.h"
#include "nn/kernels/kernels.h"
#include "nn/kernels/number.h"
#include "tests/nn/kernels/maps.h"

// Random norm and activation; the shifts serve as slopes, too.
static struct nn_epilogue pick_epilogue(const float *scale, const float *shift)
{
    const bool normed = pick(0, 1);
    return (struct nn_epilogue){ .scale = normed ? scale : NULL,
                                 .shift = normed ? shift : NULL,
                                 .slope = pick(0, 1) ? shift : NULL,
                                 .relu = pick(0, 1) };
}

// The mean of a window of one channel, clamped and rounded as the output's type does.
static void check_average(const struct nn_tensor *in, int size, const struct nn_tensor *out)
{
    const int y = pick(0, out->height - 1), x = pick(0, out->width - 1),
              c = pick(0, out->channels - 1);
    float mean = 0;
    for (int i = 0; i < size * size; i++) {
        const void *pixel = nn_tensor_pixel(in, y * size + i / size, x * size + i % size);
        mean += nn_number_get(in->type, in->scale, pixel, c) / (float)(size * size);
    }
    if (out->type == NN_U8) {
        mean = fminf(fmaxf(mean, 0), 255 * out->scale);
    }
    const float got = nn_number_get(out->type, out->scale, nn_tensor_pixel(out, y, x), c);
    const float step = out->type == NN_U8 ? 0.51f * out->scale : 0;
    assert_true(fabsf(got - mean) <= step + 1e-5f + (out->type == NN_BF16 ? 0.01f : 0));
}

// Pools from and to every type.
static void check_pools(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 300; i++) {
        int channels = pick(1, 70), size = pick(1, 3), height = pick(1, 6), width = pick(1, 6);
        float scale[96], shift[96];
        for (int c = 0; c < 96; c++) {
            scale[c] = noise();
            shift[c] = noise();
        }
        enum nn_type from = (enum nn_type)pick(0, NN_TYPE_COUNT - 1);
        enum nn_type to = pick(0, 1) ? from : (enum nn_type)pick(0, NN_TYPE_COUNT - 1);
        struct map in =
            typed_map_create(from, height * size, width * size, channels, pick(0, 3), pick(0, 3));
        struct map want = typed_map_create(to, height, width, channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        const struct nn_epilogue epilogue = pick_epilogue(scale, shift);
        const struct nn_pool pool = { size, size, 0 };
        plain->max_pool(&in.view, &pool, &epilogue, &want.view, all_rows(&want.view));
        chosen->max_pool(&in.view, &pool, &epilogue, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f + want.view.scale * 1.01f, "max_pool");
        plain->average_pool(&in.view, size, &want.view, all_rows(&want.view));
        chosen->average_pool(&in.view, size, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f + want.view.scale * 1.01f, "average_pool");
        check_average(&in.view, size, &got.view);
        map_destroy(&want);
        map_destroy(&got);

        want = map_create(1, 1, channels, 0, pick(0, 3));
        got = map_copy(&want);
        plain->global_pool(&in.view, &want.view);
        chosen->global_pool(&in.view, &got.view);
        assert_same(&want, &got, 1e-5f, "global_pool");
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&in);
    }
}

static void check_combine(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 200; i++) {
        int channels = pick(1, 70), height = pick(1, 6), width = pick(1, 6);
        float scale[96], shift[96];
        for (int c = 0; c < 96; c++) {
            scale[c] = noise();
            shift[c] = noise();
        }
        const struct nn_epilogue epilogue = pick_epilogue(scale, shift);
        struct map in = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map residual = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        residual.view.channels -= pick(0, 2) == 0 ? pick(0, channels - 1) : 0;
        struct map want = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        const struct nn_tensor *added = pick(0, 1) ? &residual.view : NULL;
        plain->combine(&in.view, &epilogue, added, &want.view, all_rows(&want.view));
        chosen->combine(&in.view, &epilogue, added, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f, "combine");
        map_destroy(&in);
        map_destroy(&residual);
        map_destroy(&want);
        map_destroy(&got);
    }
}

static void check_others(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 200; i++) {
        int channels = pick(1, 70), height = pick(1, 9), width = pick(1, 9);
        struct map in = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map other = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map factor = map_create(height, width, 1, pick(0, 3), pick(0, 3));
        struct map want = map_create(height, width, 2 * channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        plain->shuffle(&in.view, &other.view, &want.view, all_rows(&want.view));
        chosen->shuffle(&in.view, &other.view, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 0, "shuffle");
        want.view.channels = got.view.channels = channels;
        const struct nn_tensor *added = pick(0, 1) ? &other.view : NULL;
        plain->scale(&in.view, &factor.view, added, &want.view, all_rows(&want.view));
        chosen->scale(&in.view, &factor.view, added, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f, "scale");
        map_destroy(&want);
        map_destroy(&got);

        float a[4 * 70], b[4 * 70];
        const float temperature = pick(0, 1) ? 1 : 0.1f;
        plain->heat_sums(&in.view, temperature, a, NULL);
        chosen->heat_sums(&in.view, temperature, b, NULL);
        for (int c = 0; c < 4 * channels; c++) {
            assert_true(fabsf(a[c] - b[c]) <= 2e-5f * fabsf(a[c]));
        }

        int high = pick(1, 20), wide = pick(1, 20);
        want = map_create(high, wide, channels, pick(0, 3), pick(0, 3));
        got = map_copy(&want);
        struct map skip = map_create(high, wide, channels, pick(0, 3), pick(0, 3));
        added = pick(0, 1) ? &skip.view : NULL;
        plain->bilinear(&in.view, added, &want.view, all_rows(&want.view));
        chosen->bilinear(&in.view, added, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 2e-6f, "bilinear");
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&skip);

        map_destroy(&in);
        map_destroy(&other);
        map_destroy(&factor);
    }
}

// The operators of only some networks. Where the definition fits in a line, plain C is tested
// against it.
static void check_rare(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 100; i++) {
        int channels = pick(1, 40), height = pick(1, 6), width = pick(1, 6);
        struct map in = map_create(2 * height, 2 * width, channels, pick(0, 3), pick(0, 3));
        struct map small = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map index = map_copy(&small);
        nn_tensor_at(&in.view, 1, 1)[0] = nn_tensor_at(&in.view, 0, 1)[0]; // one of equals
        struct map want = map_copy(&small), got = map_copy(&small);
        const struct nn_rows rows = all_rows(&small.view);

        plain->average_pool(&in.view, 2, &want.view, rows);
        chosen->average_pool(&in.view, 2, &got.view, rows);
        assert_same(&want, &got, 1e-6f, "average_pool");
        const struct nn_pool padded = { 3, 2, 1 };
        const struct nn_epilogue nothing = { 0 };
        plain->max_pool(&in.view, &padded, &nothing, &want.view, rows);
        chosen->max_pool(&in.view, &padded, &nothing, &got.view, rows);
        assert_same(&want, &got, 0, "padded max_pool");

        plain->pool_index(&in.view, &index.view, rows);
        chosen->pool_index(&in.view, &got.view, rows);
        assert_same(&index, &got, 0, "pool_index");
        const struct nn_pool pool = { 2, 2, 0 };
        plain->max_pool(&in.view, &pool, &nothing, &want.view, rows);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                const int at = (int)nn_tensor_at(&index.view, y, x)[0];
                assert_true(nn_tensor_at(&in.view, 2 * y + at / 2, 2 * x + at % 2)[0] ==
                            nn_tensor_at(&want.view, y, x)[0]);
            }
        }

        struct map large = map_copy(&in), other = map_copy(&in);
        const struct nn_rows twice = all_rows(&in.view);
        plain->unpool(&small.view, &index.view, &large.view, twice);
        chosen->unpool(&small.view, &index.view, &other.view, twice);
        assert_same(&large, &other, 0, "unpool");
        plain->pool_index(&large.view, &want.view, rows);
        plain->nearest(&small.view, &large.view, twice);
        chosen->nearest(&small.view, &other.view, twice);
        assert_same(&large, &other, 0, "nearest");
        plain->average_pool(&large.view, 2, &want.view, rows);
        assert_same(&small, &want, 1e-6f, "nearest, then average");

        plain->sigmoid(&in.view, &large.view, twice);
        chosen->sigmoid(&in.view, &other.view, twice);
        assert_same(&large, &other, 1e-6f, "sigmoid");
        float x = nn_tensor_at(&in.view, 0, 0)[0];
        assert_true(fabsf(nn_tensor_at(&large.view, 0, 0)[0] - 1 / (1 + expf(-x))) < 1e-6f);
        plain->multiply(&in.view, &other.view, &large.view, twice);
        chosen->multiply(&in.view, &other.view, &other.view, twice);
        assert_same(&large, &other, 0, "multiply");
        map_destroy(&in);
        map_destroy(&small);
        map_destroy(&index);
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&large);
        map_destroy(&other);
    }
}

// By definition: the Gaussian of both axes at once.
static void check_antialias(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 20; i++) {
        const int factor = pick(2, 5), channels = pick(1, 5);
        struct map in = map_create(factor * pick(1, 6), factor * pick(1, 6), channels,
                                   pick(0, 1) * pick(0, 3), pick(0, 3));
        struct map want = map_create(in.view.height / factor, in.view.width / factor, channels,
                                     pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        float taps[NN_ANTIALIAS_TAPS_MAX];
        const int count = nn_antialias_taps(factor, taps), reach = count / 2;
        assert_int_equal(reach, 2 * (factor - 1));
        for (int p = 0; p < want.view.height * want.view.width * channels; p++) {
            const int c = p % channels, x = p / channels % want.view.width;
            const int y = p / channels / want.view.width;
            double sum = 0;
            for (int t = 0; t < count * count; t++) {
                const int iy = y * factor + t / count - reach, ix = x * factor + t % count - reach;
                if (iy >= 0 && iy < in.view.height && ix >= 0 && ix < in.view.width) {
                    sum += (double)taps[t / count] * (double)taps[t % count] *
                           (double)nn_tensor_at(&in.view, iy, ix)[c];
                }
            }
            nn_tensor_at(&want.view, y, x)[c] = (float)sum;
        }
        float *scratch = malloc((size_t)in.view.width * (size_t)channels * sizeof *scratch);
        assert_non_null(scratch);
        const struct nn_kernels *levels[] = { plain, chosen };
        for (int l = 0; l < 2; l++) {
            levels[l]->antialias(&in.view, factor, &got.view, all_rows(&got.view), scratch);
            assert_same(&want, &got, 1e-6f, "antialias");
        }
        free(scratch);
        map_destroy(&in);
        map_destroy(&want);
        map_destroy(&got);
    }
}

// Weighted sums against their definition.
static void check_weighted_sum(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    enum { HEIGHT = 6, WIDTH = 7, DY = 2, DX = 1 };
    for (int i = 0; i < 60; i++) {
        const int count = pick(1, 11), channels = pick(1, 40);
        struct map maps = map_create(HEIGHT, WIDTH, count, pick(0, 3), pick(0, 3));
        struct map features = map_create(HEIGHT + 3, WIDTH + 3, channels, pick(0, 3), pick(0, 3));
        const float temperature = pick(0, 1) ? 1 : 0.002f; // then most weights are zero
        static float sums[4 * 11], weights[HEIGHT * WIDTH * 11], got[11 * 40];
        const struct nn_kernels *levels[] = { plain, chosen };
        for (int l = 0; l < 2; l++) {
            levels[l]->heat_sums(&maps.view, temperature, sums, weights);
            levels[l]->weighted_sum(weights, HEIGHT, WIDTH, count, &features.view, DY, DX, got);
            for (int j = 0; j < count * channels; j++) {
                const int k = j / channels, c = j % channels;
                double weight = 0, sum = 0;
                for (int p = 0; p < HEIGHT * WIDTH; p++) {
                    const float *pixel =
                        nn_tensor_at(&features.view, p / WIDTH + DY, p % WIDTH + DX);
                    weight += (double)weights[p * count + k];
                    sum += (double)weights[p * count + k] * (double)pixel[c];
                }
                assert_true(fabs(weight - (double)sums[4 * k]) < 1e-5 * weight);
                assert_true(fabs(sum - (double)got[j]) < 1e-5 * weight);
            }
        }
        map_destroy(&maps);
        map_destroy(&features);
    }
}

static void combines_and_pools_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_combine);
    each_level(check_pools);
}

static void other_kernels_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_others);
    each_level(check_rare);
    each_level(check_antialias);
    each_level(check_weighted_sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combines_and_pools_equal_plain_c),
        cmocka_unit_test(other_kernels_equal_plain_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
