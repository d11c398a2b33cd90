// What the files of this target share.
#pragma once

#include "CCanvas.h"

#include <pango/pangocairo.h>

struct ccanvas {
    cairo_surface_t *surface;
    cairo_t *context;
};
