#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/frame.h>

#include "pipeline/frame_pool.h"

static void all_frames_come_and_come_back(void **state)
{
    (void)state;
    struct pipeline_frame_pool *pool = pipeline_frame_pool_create(3, NULL);
    struct pipeline_frame *frames[3];
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 3; i++) {
            frames[i] = pipeline_frame_pool_acquire(pool);
            assert_non_null(frames[i]);
            for (int j = 0; j < i; j++) {
                assert_ptr_not_equal(frames[i], frames[j]);
            }
        }
        assert_null(pipeline_frame_pool_acquire(pool));
        for (int i = 0; i < 3; i++) {
            pipeline_frame_pool_release(pool, frames[i]);
        }
    }
    pipeline_frame_pool_release(pool, NULL);
    pipeline_frame_pool_destroy(pool);
}

static void release_unreferences_the_image(void **state)
{
    (void)state;
    struct pipeline_frame_pool *pool = pipeline_frame_pool_create(1, NULL);
    struct pipeline_frame *frame = pipeline_frame_pool_acquire(pool);
    frame->image->format = 0;
    frame->image->width = frame->image->height = 16;
    assert_int_equal(av_frame_get_buffer(frame->image, 0), 0);
    AVFrame *other = av_frame_clone(frame->image);
    assert_int_equal(av_frame_is_writable(other), 0);
    pipeline_frame_pool_release(pool, frame);
    assert_int_equal(av_frame_is_writable(other), 1);
    av_frame_free(&other);
    pipeline_frame_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_frames_come_and_come_back),
        cmocka_unit_test(release_unreferences_the_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
