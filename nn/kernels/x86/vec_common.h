// The vector operations that AVX2 and AVX-512 spell alike but for the width. Requires vec and
// VEC(op), the intrinsic of that name for a vec.

static inline vec vec_load(const float *p)
{
    return VEC(loadu)(p);
}

static inline void vec_store(float *p, vec v)
{
    VEC(storeu)(p, v);
}

static inline vec vec_set1(float x)
{
    return VEC(set1)(x);
}

static inline vec vec_zero(void)
{
    return VEC(setzero)();
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return VEC(fmadd)(a, b, c);
}

static inline vec vec_add(vec a, vec b)
{
    return VEC(add)(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return VEC(sub)(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return VEC(mul)(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return VEC(max)(a, b);
}

static inline vec vec_min(vec a, vec b)
{
    return VEC(min)(a, b);
}
