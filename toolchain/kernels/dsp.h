/* The DSP instructions of Armv7E-M (and of Armv8-M's DSP extension), as functions of the instructions'
 * names; elsewhere the same in portable C, so that a kernel's algorithm runs, and is tested, on any machine.
 *
 * "Lanes" are the two int16_t halves of a word, the low one first; a word that is loaded is little-endian.
 * Armv7-M Architecture Reference Manual (DDI 0403), A7.7. The Q flag, which SMLAD and SSAT may set, is not
 * read anywhere. */
#ifndef CHIPCAST_DSP_H
#define CHIPCAST_DSP_H

#include <stdint.h>
#include <string.h>

/* Four bytes from any address; these cores load unaligned words. */
static inline uint32_t chipcast_load_word(const void *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* Two bytes. */
static inline uint32_t chipcast_load_half(const void *from)
{
    uint16_t half;
    memcpy(&half, from, sizeof half);
    return half;
}

static inline void chipcast_store_word(void *to, uint32_t word)
{
    memcpy(to, &word, sizeof word);
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP

#define CHIPCAST_DSP_BINARY(name, instruction)                                                               \
    static inline uint32_t chipcast_##name(uint32_t a, uint32_t b)                                           \
    {                                                                                                        \
        uint32_t result;                                                                                     \
        __asm__(instruction : "=r"(result) : "r"(a), "r"(b));                                                \
        return result;                                                                                       \
    }

#define CHIPCAST_DSP_UNARY(name, instruction)                                                                \
    static inline uint32_t chipcast_##name(uint32_t a)                                                       \
    {                                                                                                        \
        uint32_t result;                                                                                     \
        __asm__(instruction : "=r"(result) : "r"(a));                                                        \
        return result;                                                                                       \
    }

CHIPCAST_DSP_UNARY(sxtb16, "sxtb16 %0, %1")
CHIPCAST_DSP_UNARY(sxtb16_ror8, "sxtb16 %0, %1, ror #8")
CHIPCAST_DSP_UNARY(uxtb16, "uxtb16 %0, %1")
CHIPCAST_DSP_UNARY(uxtb16_ror8, "uxtb16 %0, %1, ror #8")
CHIPCAST_DSP_UNARY(ssat16_8, "ssat16 %0, #8, %1")
CHIPCAST_DSP_UNARY(usat16_8, "usat16 %0, #8, %1")
CHIPCAST_DSP_BINARY(sxtab16, "sxtab16 %0, %1, %2")
CHIPCAST_DSP_BINARY(sxtab16_ror8, "sxtab16 %0, %1, %2, ror #8")
CHIPCAST_DSP_BINARY(pkhbt, "pkhbt %0, %1, %2")
CHIPCAST_DSP_BINARY(pkhbt_lsl16, "pkhbt %0, %1, %2, lsl #16")
CHIPCAST_DSP_BINARY(pkhtb, "pkhtb %0, %1, %2")
CHIPCAST_DSP_BINARY(pkhtb_asr16, "pkhtb %0, %1, %2, asr #16")
CHIPCAST_DSP_BINARY(uqsub8, "uqsub8 %0, %1, %2")
CHIPCAST_DSP_BINARY(sadd16, "sadd16 %0, %1, %2")
CHIPCAST_DSP_BINARY(ssub16, "ssub16 %0, %1, %2")

#undef CHIPCAST_DSP_BINARY
#undef CHIPCAST_DSP_UNARY

static inline int32_t chipcast_smuad(uint32_t a, uint32_t b)
{
    int32_t result;
    __asm__("smuad %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static inline int32_t chipcast_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlabt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smlawb(int32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smlawt(int32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smmul(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmul %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static inline int32_t chipcast_smmla(int32_t a, int32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_smmlar(int32_t a, int32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline int32_t chipcast_ssat8(int32_t a)
{
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(a));
    return result;
}

static inline int32_t chipcast_usat8(int32_t a)
{
    int32_t result;
    __asm__("usat %0, #8, %1" : "=r"(result) : "r"(a));
    return result;
}

#else

static inline int32_t chipcast_low_lane(uint32_t word)
{
    return (int16_t)(word & 0xFFFFu);
}

static inline int32_t chipcast_high_lane(uint32_t word)
{
    return (int16_t)(word >> 16);
}

static inline uint32_t chipcast_lanes(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

static inline int32_t chipcast_within(int32_t a, int32_t low, int32_t high)
{
    return a < low ? low : (a > high ? high : a);
}

/* Bytes 0 and 2, widened with their signs. */
static inline uint32_t chipcast_sxtb16(uint32_t a)
{
    return chipcast_lanes((int8_t)(a & 0xFFu), (int8_t)((a >> 16) & 0xFFu));
}

/* Bytes 1 and 3. */
static inline uint32_t chipcast_sxtb16_ror8(uint32_t a)
{
    return chipcast_sxtb16(a >> 8);
}

/* The lanes of a, with bytes 0 and 2 of b added. */
static inline uint32_t chipcast_sxtab16(uint32_t a, uint32_t b)
{
    const uint32_t added = chipcast_sxtb16(b);
    return ((a + added) & 0xFFFFu) | ((a & 0xFFFF0000u) + (added & 0xFFFF0000u));
}

/* With bytes 1 and 3. */
static inline uint32_t chipcast_sxtab16_ror8(uint32_t a, uint32_t b)
{
    return chipcast_sxtab16(a, b >> 8);
}

static inline uint32_t chipcast_uxtb16(uint32_t a)
{
    return a & 0x00FF00FFu;
}

static inline uint32_t chipcast_uxtb16_ror8(uint32_t a)
{
    return (a >> 8) & 0x00FF00FFu;
}

/* Both lanes, saturated to int8_t. */
static inline uint32_t chipcast_ssat16_8(uint32_t a)
{
    return chipcast_lanes(chipcast_within(chipcast_low_lane(a), -128, 127),
                          chipcast_within(chipcast_high_lane(a), -128, 127));
}

/* Both lanes, saturated to uint8_t. */
static inline uint32_t chipcast_usat16_8(uint32_t a)
{
    return chipcast_lanes(chipcast_within(chipcast_low_lane(a), 0, 255),
                          chipcast_within(chipcast_high_lane(a), 0, 255));
}

/* The low lane of a, the high lane of b. */
static inline uint32_t chipcast_pkhbt(uint32_t a, uint32_t b)
{
    return (a & 0xFFFFu) | (b & 0xFFFF0000u);
}

/* The low lanes of both. */
static inline uint32_t chipcast_pkhbt_lsl16(uint32_t a, uint32_t b)
{
    return (a & 0xFFFFu) | (b << 16);
}

/* The high lane of a stays, the low lane of b goes below it. */
static inline uint32_t chipcast_pkhtb(uint32_t a, uint32_t b)
{
    return (a & 0xFFFF0000u) | (b & 0xFFFFu);
}

/* The high lanes of both, that of b below. */
static inline uint32_t chipcast_pkhtb_asr16(uint32_t a, uint32_t b)
{
    return (a & 0xFFFF0000u) | (b >> 16);
}

/* Each byte of a less that of b, at least 0. */
static inline uint32_t chipcast_uqsub8(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (int32_t shift = 0; shift < 32; shift += 8) {
        const uint32_t from = (a >> shift) & 0xFFu, less = (b >> shift) & 0xFFu;
        result |= (from > less ? from - less : 0u) << shift;
    }
    return result;
}

/* Lane by lane; each wraps. */
static inline uint32_t chipcast_sadd16(uint32_t a, uint32_t b)
{
    return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

static inline uint32_t chipcast_ssub16(uint32_t a, uint32_t b)
{
    return ((a - b) & 0xFFFFu) | ((a & 0xFFFF0000u) - (b & 0xFFFF0000u));
}

/* Sums wrap, as the instructions' do. */
static inline int32_t chipcast_wrapping_sum(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t chipcast_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, chipcast_low_lane(a) * chipcast_low_lane(b));
}

static inline int32_t chipcast_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, chipcast_high_lane(a) * chipcast_high_lane(b));
}

/* The low lane of a times the high one of b. */
static inline int32_t chipcast_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, chipcast_low_lane(a) * chipcast_high_lane(b));
}

static inline int32_t chipcast_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
    return chipcast_smlabt(b, a, sum);
}

static inline int32_t chipcast_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    return chipcast_smlatt(a, b, chipcast_smlabb(a, b, sum));
}

static inline int32_t chipcast_smuad(uint32_t a, uint32_t b)
{
    return chipcast_smlad(a, b, 0);
}

/* sum + the upper 32 of the 48 bits of a times the low lane of b. */
static inline int32_t chipcast_smlawb(int32_t a, uint32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, (int32_t)(((int64_t)a * chipcast_low_lane(b)) >> 16));
}

static inline int32_t chipcast_smlawt(int32_t a, uint32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, (int32_t)(((int64_t)a * chipcast_high_lane(b)) >> 16));
}

/* The upper 32 bits of the product. */
static inline int32_t chipcast_smmul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b) >> 32);
}

static inline int32_t chipcast_smmla(int32_t a, int32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, chipcast_smmul(a, b));
}

/* sum + the product's upper 32 bits, rounded to nearest, halves up. */
static inline int32_t chipcast_smmlar(int32_t a, int32_t b, int32_t sum)
{
    return chipcast_wrapping_sum(sum, (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32));
}

static inline int32_t chipcast_ssat8(int32_t a)
{
    return chipcast_within(a, -128, 127);
}

static inline int32_t chipcast_usat8(int32_t a)
{
    return chipcast_within(a, 0, 255);
}

#endif

#endif
