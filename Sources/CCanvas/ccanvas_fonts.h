// The font files inside the program.
#pragma once

#include <stddef.h>

typedef struct {
    const unsigned char *bytes;
    size_t count;
} ccanvas_font;

enum { ccanvas_font_count = 4 };

extern const ccanvas_font ccanvas_fonts[ccanvas_font_count];
