#include "Text.h"

#include <stdlib.h>
#include <string.h>

/// A text without memory is shorter, never wrong: callers treat NULL as empty.

int clibedit_following(unsigned char first) {
    if (first < 0x80) return 0;
    if (first >= 0xC2 && first < 0xE0) return 1;
    if (first >= 0xE0 && first < 0xF0) return 2;
    if (first >= 0xF0 && first < 0xF5) return 3;
    return -1;
}

wchar_t clibedit_first_bits(unsigned char first) {
    switch (clibedit_following(first)) {
    case 0: return first;
    case 1: return first & 0x1F;
    case 2: return first & 0x0F;
    case 3: return first & 0x07;
    default: return 0xFFFD;
    }
}

wchar_t *clibedit_widen(const char *text) {
    size_t count = strlen(text);
    wchar_t *wide = malloc((count + 1) * sizeof *wide);
    if (!wide) return NULL;
    size_t used = 0;
    const unsigned char *next = (const unsigned char *)text;
    while (*next) {
        int following = clibedit_following(*next);
        wchar_t character = clibedit_first_bits(*next++);
        for (; following > 0; following--) {
            if ((*next & 0xC0) != 0x80) {
                character = 0xFFFD;
                break;
            }
            character = (character << 6) | (*next++ & 0x3F);
        }
        wide[used++] = character;
    }
    wide[used] = 0;
    return wide;
}

char *clibedit_narrow(const wchar_t *text, size_t count) {
    char *narrow = malloc(4 * count + 1);
    if (!narrow) return NULL;
    char *next = narrow;
    for (size_t i = 0; i < count; i++) {
        unsigned character = (unsigned)text[i];
        if (character < 0x80) {
            *next++ = (char)character;
        } else if (character < 0x800) {
            *next++ = (char)(0xC0 | character >> 6);
            *next++ = (char)(0x80 | (character & 0x3F));
        } else if (character < 0x10000) {
            *next++ = (char)(0xE0 | character >> 12);
            *next++ = (char)(0x80 | (character >> 6 & 0x3F));
            *next++ = (char)(0x80 | (character & 0x3F));
        } else {
            *next++ = (char)(0xF0 | (character >> 18 & 0x07));
            *next++ = (char)(0x80 | (character >> 12 & 0x3F));
            *next++ = (char)(0x80 | (character >> 6 & 0x3F));
            *next++ = (char)(0x80 | (character & 0x3F));
        }
    }
    *next = 0;
    return narrow;
}
