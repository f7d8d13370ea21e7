#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libavutil/error.h>

#include "pipeline/source/fault.h"

static void faults_are_classified(void **state)
{
    (void)state;
    static const struct {
        enum pipeline_url_kind kind;
        enum mc_error_code code;
        int detail;
        bool permanent;
        enum pipeline_fault fault;
    } cases[] = {
        { PIPELINE_URL_RTSP, MC_ERROR_MEDIA, AVERROR_HTTP_UNAUTHORIZED, false,
          PIPELINE_FAULT_REFUSED },
        { PIPELINE_URL_NETWORK, MC_ERROR_MEDIA, AVERROR_HTTP_FORBIDDEN, false,
          PIPELINE_FAULT_REFUSED },
        { PIPELINE_URL_RTSP, MC_ERROR_MEDIA, AVERROR_HTTP_NOT_FOUND, false, PIPELINE_FAULT_ABSENT },
        { PIPELINE_URL_NETWORK, MC_ERROR_MEDIA, AVERROR_INVALIDDATA, false, PIPELINE_FAULT_FORMAT },
        { PIPELINE_URL_RTSP, MC_ERROR_MEDIA, AVERROR_INVALIDDATA, false, PIPELINE_FAULT_PASSING },
        { PIPELINE_URL_RTSP, MC_ERROR_MEDIA, AVERROR_DECODER_NOT_FOUND, false,
          PIPELINE_FAULT_FORMAT },
        { PIPELINE_URL_RTSP, MC_ERROR_MEDIA, AVERROR(ECONNREFUSED), false, PIPELINE_FAULT_PASSING },
        { PIPELINE_URL_NETWORK, MC_ERROR_MEDIA, AVERROR_HTTP_SERVER_ERROR, false,
          PIPELINE_FAULT_PASSING },
        { PIPELINE_URL_NETWORK, MC_ERROR_MEDIA, AVERROR_PROTOCOL_NOT_FOUND, true,
          PIPELINE_FAULT_FINAL },
        { PIPELINE_URL_FILE, MC_ERROR_SYSTEM, ENOENT, true, PIPELINE_FAULT_FINAL },
        { PIPELINE_URL_V4L2, MC_ERROR_SYSTEM, EBUSY, false, PIPELINE_FAULT_PASSING },
        { PIPELINE_URL_V4L2, MC_ERROR_MEDIA, AVERROR(EFBIG), false, PIPELINE_FAULT_SIZE },
        { PIPELINE_URL_RTSP, MC_ERROR_MEDIA, AVERROR(EFBIG), false, PIPELINE_FAULT_SIZE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mc_error err = { .code = cases[i].code, .detail = cases[i].detail };
        assert_int_equal(pipeline_fault_classify(cases[i].kind, &err, cases[i].permanent),
                         cases[i].fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_classified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
