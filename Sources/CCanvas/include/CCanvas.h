// Drawing: shapes, pictures and text over cairo and pango, with fonts that ship with the program.
//
// Why C: cairo and pango are C with reference-counted objects and macros; this header hides them all.
// Coordinates are pixels, the origin is the top left corner, y grows downwards. Angles are radians, clockwise.
// Pixels are RGB, 8 bits each, `[height, width, 3]`. Nothing here reads the machine's font settings.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A surface with a current path, paint and transform.
typedef struct ccanvas ccanvas;

/// Parts from 0 to 1, alpha not multiplied in.
typedef struct {
    double red, green, blue, alpha;
} ccanvas_color;

/// A color at a place from 0 to 1 along a gradient.
typedef struct {
    double offset;
    ccanvas_color color;
} ccanvas_stop;

/// Makes a black surface; NULL where memory runs out or a side exceeds 32767. ccanvas_destroy releases it.
ccanvas *ccanvas_create(int width, int height);
void ccanvas_destroy(ccanvas *canvas);

/// Copies the whole surface from or to pixels of its size.
void ccanvas_put_pixels(ccanvas *canvas, const uint8_t *pixels);
void ccanvas_get_pixels(ccanvas *canvas, uint8_t *pixels);

/// Keeps and brings back transform, clip and paint; calls nest.
void ccanvas_save(ccanvas *canvas);
void ccanvas_restore(ccanvas *canvas);

/// Puts a transform before the current one: (x, y) goes to (xx x + xy y + x0, yx x + yy y + y0).
void ccanvas_transform(ccanvas *canvas, double xx, double yx, double xy, double yy, double x0, double y0);

/// How many surface pixels one unit along x and along y takes under the current transform.
void ccanvas_scale(ccanvas *canvas, double *along_x, double *along_y);

/// Builds the current path, which fill, stroke and clip use up.
void ccanvas_move(ccanvas *canvas, double x, double y);
void ccanvas_line(ccanvas *canvas, double x, double y);
void ccanvas_close(ccanvas *canvas);
void ccanvas_arc(ccanvas *canvas, double x, double y, double radius, double from, double to);

/// Chooses the paint. Gradients are given by two circles; `linear` looks at their centers only.
void ccanvas_set_color(ccanvas *canvas, ccanvas_color color);
void ccanvas_set_linear(
    ccanvas *canvas, double x0, double y0, double x1, double y1, const ccanvas_stop *stops, size_t count);
void ccanvas_set_radial(ccanvas *canvas, double x, double y, double radius, const ccanvas_stop *stops, size_t count);

void ccanvas_fill(ccanvas *canvas);
void ccanvas_stroke(ccanvas *canvas, double line_width, bool round_ends);
void ccanvas_clip(ccanvas *canvas);

/// Draws pixels into a rectangle; false where memory runs out.
bool ccanvas_draw_pixels(
    ccanvas *canvas, const uint8_t *pixels, int pixel_width, int pixel_height, double x, double y, double width,
    double height);

/// A piece of text: UTF-8 without NUL, size in pixels; a `widest` above 0 cuts lines short with an ellipsis.
typedef struct {
    const char *utf8;
    size_t byte_count;
    double size;
    bool bold;
    bool serif;
    /// 0 leading, 1 center, 2 trailing, for the lines of one text.
    int alignment;
    double widest;
} ccanvas_text;

/// Whether the program's own fonts could be loaded; without them text measures 0 and draws nothing.
bool ccanvas_has_fonts(void);

/// Width and height of the text's box, in pixels.
void ccanvas_measure_text(const ccanvas_text *text, double *width, double *height);

/// Adds the text's outline to the current path, its box beginning at (x, y).
void ccanvas_text_path(ccanvas *canvas, const ccanvas_text *text, double x, double y);
