#include "base/utf8.h"

static bool is_character(uint32_t value)
{
    return value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

int mc_utf8_decode(const char *text, size_t size, uint32_t *character)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 }; // by length: not overlong
    const unsigned char *bytes = (const unsigned char *)text;
    int length = bytes[0] < 0x80                       ? 1
                 : bytes[0] >= 0xc2 && bytes[0] < 0xe0 ? 2
                 : bytes[0] >= 0xe0 && bytes[0] < 0xf0 ? 3
                 : bytes[0] >= 0xf0 && bytes[0] < 0xf5 ? 4
                                                       : 0;
    if (length == 0 || (size_t)length > size) {
        return 0;
    }
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < least[length] || !is_character(value)) {
        return 0;
    }
    *character = value;
    return length;
}

int mc_utf8_encode(uint32_t character, char bytes[MC_UTF8_BYTES_MAX])
{
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    if (!is_character(character)) {
        return 0;
    }
    int length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    bytes[0] = (char)(first[length] | character);
    return length;
}

size_t mc_utf8_control_bytes(const char *text)
{
    const unsigned char first = (unsigned char)text[0];
    if (first == 0xc2) { // U+0080 to U+00BF
        const unsigned char second = (unsigned char)text[1];
        return second >= 0x80 && second < 0xa0 ? 2 : 0;
    }
    return first != '\0' && (first < 0x20 || first == 0x7f) ? 1 : 0;
}

void mc_utf8_write_visible(FILE *out, const char *text, bool lines)
{
    while (*text != '\0') {
        const size_t control = lines && *text == '\n' ? 0 : mc_utf8_control_bytes(text);
        fputc(control > 0 ? '?' : *text, out);
        text += control > 0 ? control : 1;
    }
}

// Unicode 15: categories Cc, Cf, Zl, Zp, Zs, and the letters that are drawn as nothing.
static const struct {
    uint32_t first, last;
    const char *name;
} invisible[] = {
    { 0x00, 0x08, "control character" },
    { 0x09, 0x09, "tab" },
    { 0x0a, 0x0a, "line feed" },
    { 0x0b, 0x0b, "vertical tab" },
    { 0x0c, 0x0c, "form feed" },
    { 0x0d, 0x0d, "carriage return" },
    { 0x0e, 0x1f, "control character" },
    { 0x7f, 0x9f, "control character" },
    { 0xa0, 0xa0, "no-break space" },
    { 0xad, 0xad, "soft hyphen" },
    { 0x034f, 0x034f, "combining grapheme joiner" },
    { 0x061c, 0x061c, "Arabic letter mark" },
    { 0x115f, 0x1160, "Hangul filler" },
    { 0x1680, 0x1680, "Ogham space mark" },
    { 0x17b4, 0x17b5, "Khmer inherent vowel" },
    { 0x180b, 0x180f, "Mongolian separator" },
    { 0x2000, 0x200a, "typographic space" },
    { 0x200b, 0x200b, "zero-width space" },
    { 0x200c, 0x200c, "zero-width non-joiner" },
    { 0x200d, 0x200d, "zero-width joiner" },
    { 0x200e, 0x200f, "direction mark" },
    { 0x2028, 0x2028, "line separator" },
    { 0x2029, 0x2029, "paragraph separator" },
    { 0x202a, 0x202e, "direction mark" },
    { 0x202f, 0x202f, "narrow no-break space" },
    { 0x205f, 0x205f, "mathematical space" },
    { 0x2060, 0x2060, "word joiner" },
    { 0x2061, 0x2064, "invisible operator" },
    { 0x2065, 0x206f, "direction mark" },
    { 0x2800, 0x2800, "blank Braille pattern" },
    { 0x3000, 0x3000, "ideographic space" },
    { 0x3164, 0x3164, "Hangul filler" },
    { 0xfe00, 0xfe0f, "variation selector" },
    { 0xfeff, 0xfeff, "byte order mark" },
    { 0xffa0, 0xffa0, "Hangul filler" },
    { 0xfff0, 0xfffb, "annotation mark" },
    { 0x1d173, 0x1d17a, "musical control character" },
    { 0xe0000, 0xe007f, "tag character" },
    { 0xe0100, 0xe01ef, "variation selector" },
};

const char *mc_utf8_invisible_name(uint32_t character)
{
    for (size_t i = 0; i < sizeof invisible / sizeof invisible[0]; i++) {
        if (character >= invisible[i].first && character <= invisible[i].last) {
            return invisible[i].name;
        }
    }
    return NULL;
}
