#include "ccanvas_fonts.h"

#include <stddef.h>

// The fonts are part of the program: pictures come out the same on a machine without any.
static const unsigned char sans[] = {
#embed "fonts/DejaVuSans.ttf"
};
static const unsigned char sans_bold[] = {
#embed "fonts/DejaVuSans-Bold.ttf"
};
static const unsigned char serif_bold[] = {
#embed "fonts/DejaVuSerif-Bold.ttf"
};
// Chinese, Japanese, Korean.
static const unsigned char east_asian[] = {
#embed "fonts/DroidSansFallback.ttf"
};

const ccanvas_font ccanvas_fonts[ccanvas_font_count] = {
    {sans, sizeof sans},
    {sans_bold, sizeof sans_bold},
    {serif_bold, sizeof serif_bold},
    {east_asian, sizeof east_asian},
};
