// Conversions between float32 and the lower-precision types, in plain C.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nn/tensor.h"

// The nearest bfloat16, ties to even. value must not be NaN.
static inline uint16_t nn_bf16_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float nn_float_from_bf16(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// The nearest whole number, ties to even, for magnitudes up to 2^22: from 2^23 on, a float
// holds no fraction. Unlike nearbyintf, this vectorises.
static inline float nn_round(float value)
{
    return (value + 0x1.8p23f) - 0x1.8p23f;
}

// The nearest byte of value / scale; inverse is 1 / scale.
static inline uint8_t nn_u8_from_float(float value, float inverse)
{
    float scaled = value * inverse;
    scaled = scaled > 0 ? scaled : 0;
    scaled = scaled < 255 ? scaled : 255;
    return (uint8_t)(int)nn_round(scaled);
}

// Reads number i of an array of the given type. scale: see nn_tensor.
static inline float nn_number_get(enum nn_type type, float scale, const void *numbers, int i)
{
    switch (type) {
    case NN_BF16:
        return nn_float_from_bf16(((const uint16_t *)numbers)[i]);
    case NN_U8:
        return ((const uint8_t *)numbers)[i] * scale;
    default:
        return ((const float *)numbers)[i];
    }
}

// Stores number i. inverse is 1 / scale.
static inline void nn_number_set(enum nn_type type, float inverse, void *numbers, int i,
                                 float value)
{
    switch (type) {
    case NN_BF16:
        ((uint16_t *)numbers)[i] = nn_bf16_from_float(value);
        break;
    case NN_U8:
        ((uint8_t *)numbers)[i] = nn_u8_from_float(value, inverse);
        break;
    default:
        ((float *)numbers)[i] = value;
    }
}

// Stores number i of an array of weights for inputs of the given type: float32, bfloat16,
// or signed bytes for U8, which must be whole numbers.
static inline void nn_number_set_weight(enum nn_type type, void *weights, size_t i, float value)
{
    switch (type) {
    case NN_BF16:
        ((uint16_t *)weights)[i] = nn_bf16_from_float(value);
        break;
    case NN_U8:
        ((int8_t *)weights)[i] = (int8_t)value;
        break;
    default:
        ((float *)weights)[i] = value;
    }
}
