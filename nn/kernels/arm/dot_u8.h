// The dot product of bytes, by ivec_dot.

static float dot(const void *weights, const void *in, int count)
{
    const uint8_t *a = in, *b = weights;
    ivec sum = ivec_zero();
    int i = 0;
    for (; i + 16 <= count; i += 16) {
        sum = ivec_dot(sum, vreinterpretq_s32_u8(vld1q_u8(a + i)),
                       vreinterpretq_s32_u8(vld1q_u8(b + i)));
    }
    int32_t total = vaddvq_s32(sum);
    for (; i < count; i++) {
        total += a[i] * (int8_t)b[i];
    }
    return (float)total;
}
