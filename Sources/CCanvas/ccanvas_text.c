#include "ccanvas_fonts.h"
#include "ccanvas_internal.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fontconfig/fontconfig.h>
#include <pango/pangofc-fontmap.h>

// Pango's font map is for one thread at a time, so every text call holds this.
static pthread_mutex_t text_lock = PTHREAD_MUTEX_INITIALIZER;
static PangoContext *text_context;
static bool loading_was_tried;

static bool write_all(int descriptor, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        ssize_t step = write(descriptor, bytes, count);
        if (step <= 0) return false;
        bytes += step;
        count -= (size_t)step;
    }
    return true;
}

// Fontconfig and harfbuzz take fonts by path only; a file in memory has one as long as it stays open, which it does.
static bool add_font(FcConfig *config, const ccanvas_font *font) {
    int descriptor = memfd_create("palinote-font", MFD_CLOEXEC);
    if (descriptor < 0) return false;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    if (write_all(descriptor, font->bytes, font->count) && FcConfigAppFontAddFile(config, (const FcChar8 *)path)) {
        return true;
    }
    close(descriptor);
    return false;
}

// A configuration without a single file of the machine's. Made current, it also keeps fontconfig from looking for one.
static FcConfig *make_config(void) {
    FcConfig *config = FcConfigCreate();
    if (!config) return NULL;
    for (int i = 0; i < ccanvas_font_count; i++) {
        if (!add_font(config, &ccanvas_fonts[i])) {
            FcConfigDestroy(config);
            return NULL;
        }
    }
    FcConfigSetCurrent(config);
    return config;
}

static PangoContext *make_context(void) {
    FcConfig *config = make_config();
    if (!config) return NULL;
    PangoFontMap *map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    if (!map) return NULL;
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), config);
    // One unit of pango's points is one pixel.
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(map), 72);
    PangoContext *context = pango_font_map_create_context(map);
    g_object_unref(map);
    // Outlines as they were designed: no hinting, no whole-pixel advances, no language of the machine's.
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_language(context, pango_language_from_string("en"));
    return context;
}

// The caller holds the lock.
static PangoContext *shared_context(void) {
    if (!loading_was_tried) text_context = make_context();
    loading_was_tried = true;
    return text_context;
}

static PangoLayout *make_layout(const ccanvas_text *text) {
    PangoContext *context = shared_context();
    if (!context) return NULL;
    PangoLayout *layout = pango_layout_new(context);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, text->serif ? "DejaVu Serif" : "DejaVu Sans");
    pango_font_description_set_weight(font, text->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, text->size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    static const PangoAlignment alignments[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT};
    pango_layout_set_alignment(layout, alignments[text->alignment]);
    if (text->widest > 0 && text->widest * PANGO_SCALE < INT_MAX) {
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        pango_layout_set_width(layout, (int)(text->widest * PANGO_SCALE));
    }
    int length = text->byte_count > INT_MAX ? INT_MAX : (int)text->byte_count;
    pango_layout_set_text(layout, text->utf8, length);
    return layout;
}

bool ccanvas_has_fonts(void) {
    pthread_mutex_lock(&text_lock);
    bool loaded = shared_context() != NULL;
    pthread_mutex_unlock(&text_lock);
    return loaded;
}

void ccanvas_measure_text(const ccanvas_text *text, double *width, double *height) {
    *width = *height = 0;
    pthread_mutex_lock(&text_lock);
    PangoLayout *layout = make_layout(text);
    if (layout) {
        PangoRectangle box;
        pango_layout_get_extents(layout, NULL, &box);
        *width = (double)box.width / PANGO_SCALE;
        *height = (double)box.height / PANGO_SCALE;
        g_object_unref(layout);
    }
    pthread_mutex_unlock(&text_lock);
}

void ccanvas_text_path(ccanvas *canvas, const ccanvas_text *text, double x, double y) {
    pthread_mutex_lock(&text_lock);
    PangoLayout *layout = make_layout(text);
    if (layout) {
        PangoRectangle box;
        pango_layout_get_extents(layout, NULL, &box);
        // Outlines rather than glyph images: those would be snapped to whole pixels by some versions of cairo.
        cairo_move_to(canvas->context, x - (double)box.x / PANGO_SCALE, y);
        pango_cairo_layout_path(canvas->context, layout);
        g_object_unref(layout);
    }
    pthread_mutex_unlock(&text_lock);
}
