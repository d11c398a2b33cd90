#include "ccanvas_internal.h"

#include <math.h>
#include <stdlib.h>

ccanvas *ccanvas_create(int width, int height) {
    ccanvas *canvas = calloc(1, sizeof *canvas);
    if (!canvas) return NULL;
    canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    canvas->context = cairo_create(canvas->surface);
    if (cairo_status(canvas->context) != CAIRO_STATUS_SUCCESS) {
        ccanvas_destroy(canvas);
        return NULL;
    }
    // Grey antialiasing: the default may follow the machine's screen settings.
    cairo_set_antialias(canvas->context, CAIRO_ANTIALIAS_GRAY);
    return canvas;
}

void ccanvas_destroy(ccanvas *canvas) {
    if (!canvas) return;
    cairo_destroy(canvas->context);
    cairo_surface_destroy(canvas->surface);
    free(canvas);
}

// cairo keeps a pixel in a native 32-bit word, 0x00rrggbb.
static void put_pixels(cairo_surface_t *surface, const uint8_t *pixels) {
    cairo_surface_flush(surface);
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    unsigned char *rows = cairo_image_surface_get_data(surface);
    for (int y = 0; y < height; y++) {
        uint32_t *row = (uint32_t *)(rows + (size_t)y * (size_t)stride);
        for (int x = 0; x < width; x++, pixels += 3) {
            row[x] = 0xff000000u | (uint32_t)pixels[0] << 16 | (uint32_t)pixels[1] << 8 | pixels[2];
        }
    }
    cairo_surface_mark_dirty(surface);
}

void ccanvas_put_pixels(ccanvas *canvas, const uint8_t *pixels) { put_pixels(canvas->surface, pixels); }

void ccanvas_get_pixels(ccanvas *canvas, uint8_t *pixels) {
    cairo_surface_t *surface = canvas->surface;
    cairo_surface_flush(surface);
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    const unsigned char *rows = cairo_image_surface_get_data(surface);
    for (int y = 0; y < height; y++) {
        const uint32_t *row = (const uint32_t *)(rows + (size_t)y * (size_t)stride);
        for (int x = 0; x < width; x++, pixels += 3) {
            pixels[0] = (uint8_t)(row[x] >> 16);
            pixels[1] = (uint8_t)(row[x] >> 8);
            pixels[2] = (uint8_t)row[x];
        }
    }
}

void ccanvas_save(ccanvas *canvas) { cairo_save(canvas->context); }
void ccanvas_restore(ccanvas *canvas) { cairo_restore(canvas->context); }

void ccanvas_transform(ccanvas *canvas, double xx, double yx, double xy, double yy, double x0, double y0) {
    cairo_matrix_t matrix;
    cairo_matrix_init(&matrix, xx, yx, xy, yy, x0, y0);
    cairo_transform(canvas->context, &matrix);
}

void ccanvas_scale(ccanvas *canvas, double *along_x, double *along_y) {
    cairo_matrix_t matrix;
    cairo_get_matrix(canvas->context, &matrix);
    *along_x = hypot(matrix.xx, matrix.yx);
    *along_y = hypot(matrix.xy, matrix.yy);
}

void ccanvas_move(ccanvas *canvas, double x, double y) { cairo_move_to(canvas->context, x, y); }
void ccanvas_line(ccanvas *canvas, double x, double y) { cairo_line_to(canvas->context, x, y); }
void ccanvas_close(ccanvas *canvas) { cairo_close_path(canvas->context); }

void ccanvas_arc(ccanvas *canvas, double x, double y, double radius, double from, double to) {
    cairo_arc(canvas->context, x, y, radius, from, to);
}

void ccanvas_set_color(ccanvas *canvas, ccanvas_color color) {
    cairo_set_source_rgba(canvas->context, color.red, color.green, color.blue, color.alpha);
}

static void set_gradient(ccanvas *canvas, cairo_pattern_t *pattern, const ccanvas_stop *stops, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ccanvas_color c = stops[i].color;
        cairo_pattern_add_color_stop_rgba(pattern, stops[i].offset, c.red, c.green, c.blue, c.alpha);
    }
    cairo_set_source(canvas->context, pattern);
    cairo_pattern_destroy(pattern);
}

void ccanvas_set_linear(
    ccanvas *canvas, double x0, double y0, double x1, double y1, const ccanvas_stop *stops, size_t count) {
    set_gradient(canvas, cairo_pattern_create_linear(x0, y0, x1, y1), stops, count);
}

void ccanvas_set_radial(ccanvas *canvas, double x, double y, double radius, const ccanvas_stop *stops, size_t count) {
    set_gradient(canvas, cairo_pattern_create_radial(x, y, 0, x, y, radius), stops, count);
}

void ccanvas_fill(ccanvas *canvas) { cairo_fill(canvas->context); }
void ccanvas_clip(ccanvas *canvas) { cairo_clip(canvas->context); }

void ccanvas_stroke(ccanvas *canvas, double line_width, bool round_ends) {
    cairo_set_line_width(canvas->context, line_width);
    cairo_set_line_cap(canvas->context, round_ends ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
    cairo_set_line_join(canvas->context, round_ends ? CAIRO_LINE_JOIN_ROUND : CAIRO_LINE_JOIN_MITER);
    cairo_stroke(canvas->context);
}

bool ccanvas_draw_pixels(
    ccanvas *canvas, const uint8_t *pixels, int pixel_width, int pixel_height, double x, double y, double width,
    double height) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixel_width, pixel_height);
    bool made = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    if (made) {
        put_pixels(surface, pixels);
        cairo_save(canvas->context);
        cairo_translate(canvas->context, x, y);
        cairo_scale(canvas->context, width / pixel_width, height / pixel_height);
        cairo_set_source_surface(canvas->context, surface, 0, 0);
        // Padding keeps the border crisp; the rectangle's own edge is what gets antialiased.
        cairo_pattern_set_extend(cairo_get_source(canvas->context), CAIRO_EXTEND_PAD);
        cairo_pattern_set_filter(cairo_get_source(canvas->context), CAIRO_FILTER_BILINEAR);
        cairo_rectangle(canvas->context, 0, 0, pixel_width, pixel_height);
        cairo_fill(canvas->context);
        cairo_restore(canvas->context);
    }
    cairo_surface_destroy(surface);
    return made;
}
