// The pixel loops of drawn scenes: warping, stamping, shading, blurring, all on bytes.
//
// Why C: these loops run for each pixel of millions of pictures. What is drawn where is decided in Swift.
//
// A layer is RGBA, 8 bits a channel, alpha not multiplied in: [height, width, 4]. In a scene's picture the fourth byte is
// no alpha but the owner: the number of the object that is seen there, 0 for none. Every buffer belongs to the caller.
// Coordinates are pixels, the origin is the top left corner, y grows downwards, a pixel's center lies at one half. Floats
// are computed without contraction, so that the same arguments give the same bytes on every machine.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *pixels;
    int32_t width, height;
} cscenes_layer;

// One channel, 0 to 255: how much of a pixel is covered.
typedef struct {
    const uint8_t *pixels;
    int32_t width, height;
} cscenes_mask;

// Columns left..<right, rows top..<bottom; empty where left >= right.
typedef struct {
    int32_t left, top, right, bottom;
} cscenes_box;

// From a place (x, y) of the target to one of the source: ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / ..).
typedef struct {
    float a, b, c, d, e, f, g, h;
} cscenes_map;

typedef struct {
    uint8_t red, green, blue;
} cscenes_ink;

typedef struct {
    float x, y;
} cscenes_point;

// Fills a whole layer with one color and alpha.
void cscenes_clear(cscenes_layer layer, cscenes_ink ink, uint8_t alpha);

// Fills all of `target` with an opaque source under a map without perspective, times `gain` / 256; owners become 0. Beyond
// the source's edge its last pixels go on.
void cscenes_lay(cscenes_layer target, cscenes_layer source, cscenes_map map, int32_t gain);

// Lays `source` over `target`, whose colors are multiplied by `gain` / 256 first. Where it covers more than half, the fourth
// byte becomes `owner`, unless that is negative. Returns the box of what it covers by half or more.
cscenes_box cscenes_place(
    cscenes_layer target, cscenes_layer source, cscenes_map map, cscenes_box within, int32_t gain, int32_t owner);

// Colors `target` where the mask covers it, and raises its alpha.
void cscenes_stamp(
    cscenes_layer target, cscenes_mask mask, cscenes_map map, cscenes_box within, cscenes_ink ink, int32_t opacity);

// Fills a rectangle with round corners, or with line > 0 the outline of that width inside of it; raises alpha.
void cscenes_round_rectangle(
    cscenes_layer target, float left, float top, float right, float bottom, float radius, float line, cscenes_ink ink,
    int32_t opacity);

// Multiplies what a convex polygon covers by gains (1 leaves it); `softness` is the width of its edge in pixels.
// Corners go clockwise on the screen.
void cscenes_shade(
    cscenes_layer target, const cscenes_point *corners, int32_t count, float softness, float red, float green, float blue);

// Colors what a convex polygon covers; owner as in `cscenes_place`.
void cscenes_polygon(
    cscenes_layer target, const cscenes_point *corners, int32_t count, cscenes_ink ink, int32_t opacity, int32_t owner);

// A round-ended stroke from `begin` to `end`, radii of both ends, darker towards its sides by `roundness` (0 to 1).
void cscenes_stroke(
    cscenes_layer target, cscenes_point begin, cscenes_point end, float begin_radius, float end_radius, cscenes_ink ink,
    float roundness, int32_t opacity, int32_t owner);

// Mixes an ellipse of light or color in, densest in its middle.
void cscenes_glow(
    cscenes_layer target, cscenes_point center, float across, float down, cscenes_ink ink, float strength);

// Multiplies by a smooth field: `grid` is [side, side, 3] gains, interpolated over the layer.
void cscenes_light(cscenes_layer target, const float *grid, int32_t side);

// Mixes each pixel with its neighbours at distance `step` along x and y: `weight` / 256 of each.
void cscenes_blur(cscenes_layer target, int32_t across, int32_t down, int32_t weight, uint8_t *scratch);

// The picture as RGB: looked up in `tables` [3][256], plus `noise` times `amplitude` / 256.
void cscenes_finish(
    cscenes_layer picture, const uint8_t *tables, const int8_t *noise, int32_t amplitude, uint8_t *pixels);

// Adds `weight` times smooth hills between random heights to `field` [height, width]; one lattice cell is a unit of the map's
// values, and the lattice [64, 64] repeats.
void cscenes_hills(
    float *field, int32_t width, int32_t height, const float *lattice, cscenes_map map, float weight);

// Mixes two colors by a field, 0 to 1, bounded, into an opaque layer; both lie as 3 floats, 0 to 255.
void cscenes_mix(cscenes_layer target, const float *field, const float *first, const float *second);

// Multiplies colors by 1 + field.
void cscenes_relief(cscenes_layer target, const float *field);
