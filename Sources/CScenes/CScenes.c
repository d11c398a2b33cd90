#include "CScenes.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

INLINE int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
INLINE int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }
INLINE float bounded(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
INLINE uint8_t byte_of(float x) { return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x + 0.5f); }
INLINE uint32_t divided_by_255(uint32_t x) { return (x + 128 + ((x + 128) >> 8)) >> 8; }
INLINE uint8_t mixed(uint32_t from, uint32_t to, uint32_t share) {
    return (uint8_t)divided_by_255(from * (255 - share) + to * share);
}
INLINE uint8_t *pixel(cscenes_layer layer, int32_t x, int32_t y) {
    return layer.pixels + ((ptrdiff_t)y * layer.width + x) * 4;
}
INLINE cscenes_box inside(cscenes_box box, cscenes_layer layer) {
    return (cscenes_box){
        most(box.left, 0), most(box.top, 0), least(box.right, layer.width), least(box.bottom, layer.height)};
}

void cscenes_clear(cscenes_layer layer, cscenes_ink ink, uint8_t alpha) {
    const uint8_t value[4] = {ink.red, ink.green, ink.blue, alpha};
    for (ptrdiff_t i = 0; i < (ptrdiff_t)layer.width * layer.height; i++) memcpy(layer.pixels + 4 * i, value, 4);
}

// The four channels of a pixel at once.
typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint16_t shorts8 __attribute__((vector_size(16)));
typedef uint32_t words4 __attribute__((vector_size(16)));
typedef float floats4 __attribute__((vector_size(16)));

INLINE shorts8 pixel_pair(const uint8_t *at) {
    bytes8 pair;
    memcpy(&pair, at, 8);
    return __builtin_convertvector(pair, shorts8);
}

INLINE words4 load_pixel(const uint8_t *at) {
    bytes4 value;
    memcpy(&value, at, 4);
    return __builtin_convertvector(value, words4);
}

INLINE void store_pixel(uint8_t *at, words4 value) {
    bytes4 narrow = __builtin_convertvector(value, bytes4);
    memcpy(at, &narrow, 4);
}

// The source at a place in 1/256 of a pixel, between its four neighbours.
INLINE words4 sample(cscenes_layer source, int32_t u, int32_t v) {
    const uint8_t *at = pixel(source, u >> 8, v >> 8);
    uint16_t across = (uint16_t)(u & 255), down = (uint16_t)(v & 255), left = (uint16_t)(256 - across);
    uint16_t up = (uint16_t)(256 - down);
    shorts8 rows = (pixel_pair(at) * up + pixel_pair(at + (ptrdiff_t)source.width * 4) * down) >> 8;
    rows *= (shorts8){left, left, left, left, across, across, across, across};
    shorts8 other = __builtin_shufflevector(rows, rows, 4, 5, 6, 7, 0, 1, 2, 3);
    shorts8 sum = (rows >> 8) + (other >> 8);
    return (words4){sum[0], sum[1], sum[2], sum[3]};
}

// `from` where `share` is 0, `to` where it is 255.
INLINE words4 mixed_pixel(words4 from, words4 to, uint32_t share) {
    words4 sum = from * (255 - share) + to * share + 128;
    return (sum + (sum >> 8)) >> 8;
}

INLINE words4 brightened(words4 color, int32_t gain) {
    words4 value = (color * (uint32_t)gain) >> 8;
    words4 over = (words4)(value > 255);
    return (value & ~over) | (over & 255);
}

// Narrows first..<last to the x with a x + b >= 0.
INLINE void keep_above_zero(float a, float b, int32_t *first, int32_t *last) {
    if (a == 0) {
        if (b < 0) *last = *first;
        return;
    }
    float bound = -b / a;
    bound = bound < -1e6f ? -1e6f : bound > 1e6f ? 1e6f : bound;
    if (a > 0) *first = most(*first, (int32_t)floorf(bound) - 1);
    else *last = least(*last, (int32_t)ceilf(bound) + 1);
}

// The columns of a row whose places may lie in the source, if the row's denominators are above zero.
INLINE void keep_inside(cscenes_map map, float y, int32_t width, int32_t height, int32_t *first, int32_t *last) {
    float w = map.h * y + 1, u = map.b * y + map.c, v = map.e * y + map.f;
    float across = (float)width - 0.5f, down = (float)height - 0.5f;
    keep_above_zero(map.a - 0.5f * map.g, u - 0.5f * w, first, last);
    keep_above_zero(map.d - 0.5f * map.g, v - 0.5f * w, first, last);
    keep_above_zero(across * map.g - map.a, across * w - u, first, last);
    keep_above_zero(down * map.g - map.d, down * w - v, first, last);
}

// Where a place of the target lies in the source, in 1/256 of a pixel from the center of the first one; false outside.
INLINE int map_place(cscenes_map map, float x, float y, int32_t width, int32_t height, int32_t *u, int32_t *v) {
    float scale = 1.0f / (map.g * x + map.h * y + 1.0f);
    float across = (map.a * x + map.b * y + map.c) * scale - 0.5f;
    float down = (map.d * x + map.e * y + map.f) * scale - 0.5f;
    if (!(across >= 0 && down >= 0 && across < (float)(width - 1) && down < (float)(height - 1))) return 0;
    *u = (int32_t)(across * 256.0f);
    *v = (int32_t)(down * 256.0f);
    return 1;
}

void cscenes_lay(cscenes_layer target, cscenes_layer source, cscenes_map map, int32_t gain) {
    int32_t right = (source.width - 1) * 256 - 1, bottom = (source.height - 1) * 256 - 1;
    for (int32_t y = 0; y < target.height; y++) {
        float row = (float)y + 0.5f, start = 0.5f;
        // 1/65536 of a pixel, so that 512 steps are off by less than a hundredth of one.
        int64_t u = (int64_t)((map.a * start + map.b * row + map.c - 0.5f) * 65536.0f);
        int64_t v = (int64_t)((map.d * start + map.e * row + map.f - 0.5f) * 65536.0f);
        int64_t across = (int64_t)(map.a * 65536.0f), down = (int64_t)(map.d * 65536.0f);
        for (int32_t x = 0; x < target.width; x++, u += across, v += down) {
            int32_t column = most(0, least((int32_t)(u >> 8), right)), line = most(0, least((int32_t)(v >> 8), bottom));
            words4 color = brightened(sample(source, column, line), gain);
            color[3] = 0;
            store_pixel(pixel(target, x, y), color);
        }
    }
}

cscenes_box cscenes_place(
    cscenes_layer target, cscenes_layer source, cscenes_map map, cscenes_box within, int32_t gain, int32_t owner
) {
    cscenes_box box = inside(within, target), seen = {INT32_MAX, INT32_MAX, 0, 0};
    for (int32_t y = box.top; y < box.bottom; y++) {
        int32_t first = box.left, last = box.right;
        keep_inside(map, (float)y + 0.5f, source.width, source.height, &first, &last);
        for (int32_t x = first; x < last; x++) {
            int32_t u, v;
            if (!map_place(map, (float)x + 0.5f, (float)y + 0.5f, source.width, source.height, &u, &v)) continue;
            words4 value = sample(source, u, v);
            uint32_t alpha = value[3];
            if (alpha == 0) continue;
            uint8_t *at = pixel(target, x, y);
            words4 below = load_pixel(at), color = brightened(value, gain);
            words4 result = mixed_pixel(below, color, alpha);
            result[3] = below[3];
            if (alpha >= 128) {
                if (owner >= 0) result[3] = (uint32_t)owner;
                seen = (cscenes_box){least(seen.left, x), least(seen.top, y), most(seen.right, x + 1), y + 1};
            }
            store_pixel(at, result);
        }
    }
    return seen;
}

void cscenes_stamp(
    cscenes_layer target, cscenes_mask mask, cscenes_map map, cscenes_box within, cscenes_ink ink, int32_t opacity
) {
    cscenes_box box = inside(within, target);
    for (int32_t y = box.top; y < box.bottom; y++) {
        int32_t first = box.left, last = box.right;
        keep_inside(map, (float)y + 0.5f, mask.width, mask.height, &first, &last);
        for (int32_t x = first; x < last; x++) {
            int32_t u, v;
            if (!map_place(map, (float)x + 0.5f, (float)y + 0.5f, mask.width, mask.height, &u, &v)) continue;
            const uint8_t *at = mask.pixels + (ptrdiff_t)(v >> 8) * mask.width + (u >> 8);
            uint32_t across = (uint32_t)u & 255, down = (uint32_t)v & 255;
            uint32_t upper = at[0] * (256 - across) + at[1] * across;
            uint32_t lower = at[mask.width] * (256 - across) + at[mask.width + 1] * across;
            uint32_t cover = (((upper * (256 - down) + lower * down) >> 16) * (uint32_t)opacity) >> 8;
            if (cover == 0) continue;
            uint8_t *place = pixel(target, x, y);
            store_pixel(place, mixed_pixel(load_pixel(place), (words4){ink.red, ink.green, ink.blue, 255}, cover));
        }
    }
}

void cscenes_round_rectangle(
    cscenes_layer target, float left, float top, float right, float bottom, float radius, float line, cscenes_ink ink,
    int32_t opacity
) {
    cscenes_box box = inside(
        (cscenes_box){(int32_t)left - 1, (int32_t)top - 1, (int32_t)right + 2, (int32_t)bottom + 2}, target);
    float across = (left + right) / 2, down = (top + bottom) / 2;
    float half_width = (right - left) / 2 - radius, half_height = (bottom - top) / 2 - radius;
    for (int32_t y = box.top; y < box.bottom; y++) {
        float v = fabsf((float)y + 0.5f - down) - half_height;
        for (int32_t x = box.left; x < box.right; x++) {
            float u = fabsf((float)x + 0.5f - across) - half_width;
            float outer = u > 0 && v > 0 ? sqrtf(u * u + v * v) : u > v ? u : v;
            float distance = outer - radius; // below zero inside
            if (line > 0) distance = fabsf(distance + line / 2) - line / 2;
            uint32_t cover = (uint32_t)(bounded(0.5f - distance) * (float)opacity);
            if (cover == 0) continue;
            if (cover > 255) cover = 255;
            uint8_t *at = pixel(target, x, y);
            store_pixel(at, mixed_pixel(load_pixel(at), (words4){ink.red, ink.green, ink.blue, 255}, cover));
        }
    }
}

// Edges as lines a x + b y + c, below zero outside, in pixels.
typedef struct {
    float a, b, c;
} edge;
#define EDGE_LIMIT 8

INLINE int32_t make_edges(const cscenes_point *corners, int32_t count, edge *edges) {
    int32_t made = 0;
    for (int32_t i = 0; i < least(count, EDGE_LIMIT); i++) {
        cscenes_point p = corners[i], q = corners[(i + 1) % count];
        float across = q.x - p.x, down = q.y - p.y, length = sqrtf(across * across + down * down);
        if (length < 1e-3f) continue;
        float a = -down / length, b = across / length;
        edges[made++] = (edge){a, b, -(a * p.x + b * p.y)};
    }
    return made;
}

INLINE cscenes_box box_around(const cscenes_point *corners, int32_t count, float margin, cscenes_layer layer) {
    float left = 1e6f, top = 1e6f, right = -1e6f, bottom = -1e6f;
    for (int32_t i = 0; i < count; i++) {
        left = fminf(left, corners[i].x), right = fmaxf(right, corners[i].x);
        top = fminf(top, corners[i].y), bottom = fmaxf(bottom, corners[i].y);
    }
    return inside(
        (cscenes_box){
            (int32_t)(fmaxf(left, -1e4f) - margin) - 1, (int32_t)(fmaxf(top, -1e4f) - margin) - 1,
            (int32_t)(fminf(right, 1e4f) + margin) + 2, (int32_t)(fminf(bottom, 1e4f) + margin) + 2},
        layer);
}

INLINE float depth_inside(const edge *edges, int32_t count, float x, float y) {
    float depth = 1e6f;
    for (int32_t i = 0; i < count; i++) {
        float distance = edges[i].a * x + edges[i].b * y + edges[i].c;
        depth = distance < depth ? distance : depth;
    }
    return depth;
}

// Narrows first..<last to the columns of a row that lie deeper than -margin.
INLINE void keep_deep(const edge *edges, int32_t count, float y, float margin, int32_t *first, int32_t *last) {
    for (int32_t i = 0; i < count; i++) {
        keep_above_zero(edges[i].a, edges[i].b * y + edges[i].c + margin, first, last);
    }
}

// Multiplies the channels by factors of at least zero; the fourth factor is 1.
INLINE void scale_pixel(uint8_t *at, floats4 factors) {
    floats4 value = __builtin_convertvector(load_pixel(at), floats4) * factors + 0.5f;
    words4 over = (words4)(value > 255.0f), result = __builtin_convertvector(value, words4);
    store_pixel(at, (result & ~over) | (over & 255));
}

void cscenes_shade(
    cscenes_layer target, const cscenes_point *corners, int32_t count, float softness, float red, float green, float blue
) {
    edge edges[EDGE_LIMIT];
    int32_t edge_count = make_edges(corners, count, edges);
    cscenes_box box = box_around(corners, count, softness, target);
    float inverse = 1 / (2 * softness + 1);
    floats4 change = {red - 1, green - 1, blue - 1, 0};
    for (int32_t y = box.top; y < box.bottom; y++) {
        int32_t first = box.left, last = box.right;
        keep_deep(edges, edge_count, (float)y + 0.5f, softness + 0.5f, &first, &last);
        for (int32_t x = first; x < last; x++) {
            float depth = depth_inside(edges, edge_count, (float)x + 0.5f, (float)y + 0.5f);
            if (depth <= -softness - 0.5f) continue;
            float t = bounded((depth + softness + 0.5f) * inverse), share = t * t * (3 - 2 * t);
            scale_pixel(pixel(target, x, y), change * share + 1);
        }
    }
}

void cscenes_polygon(
    cscenes_layer target, const cscenes_point *corners, int32_t count, cscenes_ink ink, int32_t opacity, int32_t owner
) {
    edge edges[EDGE_LIMIT];
    int32_t edge_count = make_edges(corners, count, edges);
    cscenes_box box = box_around(corners, count, 1, target);
    for (int32_t y = box.top; y < box.bottom; y++) {
        int32_t first = box.left, last = box.right;
        keep_deep(edges, edge_count, (float)y + 0.5f, 0.5f, &first, &last);
        for (int32_t x = first; x < last; x++) {
            float depth = depth_inside(edges, edge_count, (float)x + 0.5f, (float)y + 0.5f);
            if (depth <= -0.5f) continue;
            uint32_t cover = (uint32_t)(bounded(depth + 0.5f) * (float)opacity);
            uint8_t *at = pixel(target, x, y);
            at[0] = mixed(at[0], ink.red, cover);
            at[1] = mixed(at[1], ink.green, cover);
            at[2] = mixed(at[2], ink.blue, cover);
            if (owner >= 0 && cover >= 128) at[3] = (uint8_t)owner;
        }
    }
}

void cscenes_stroke(
    cscenes_layer target, cscenes_point begin, cscenes_point end, float begin_radius, float end_radius, cscenes_ink ink,
    float roundness, int32_t opacity, int32_t owner
) {
    const cscenes_point ends[2] = {begin, end};
    cscenes_box box = box_around(ends, 2, fmaxf(begin_radius, end_radius) + 1, target);
    float across = end.x - begin.x, down = end.y - begin.y;
    float square = fmaxf(across * across + down * down, 1e-6f);
    for (int32_t y = box.top; y < box.bottom; y++) {
        for (int32_t x = box.left; x < box.right; x++) {
            float u = (float)x + 0.5f - begin.x, v = (float)y + 0.5f - begin.y;
            float along = bounded((u * across + v * down) / square);
            float radius = begin_radius + (end_radius - begin_radius) * along;
            u -= along * across, v -= along * down;
            float distance = sqrtf(u * u + v * v);
            if (distance >= radius + 0.5f) continue;
            uint32_t cover = (uint32_t)(bounded(radius + 0.5f - distance) * (float)opacity);
            float share = distance / (radius + 0.5f), light = 1 - roundness * share * share;
            uint8_t *at = pixel(target, x, y);
            at[0] = mixed(at[0], byte_of((float)ink.red * light), cover);
            at[1] = mixed(at[1], byte_of((float)ink.green * light), cover);
            at[2] = mixed(at[2], byte_of((float)ink.blue * light), cover);
            if (owner >= 0 && cover >= 128) at[3] = (uint8_t)owner;
        }
    }
}

void cscenes_glow(
    cscenes_layer target, cscenes_point center, float across, float down, cscenes_ink ink, float strength
) {
    const cscenes_point ends[2] = {{center.x - across, center.y - down}, {center.x + across, center.y + down}};
    cscenes_box box = box_around(ends, 2, 0, target);
    for (int32_t y = box.top; y < box.bottom; y++) {
        for (int32_t x = box.left; x < box.right; x++) {
            float u = ((float)x + 0.5f - center.x) / across, v = ((float)y + 0.5f - center.y) / down;
            float rest = 1 - u * u - v * v;
            if (rest <= 0) continue;
            uint32_t share = (uint32_t)(rest * rest * strength * 255.0f);
            uint8_t *at = pixel(target, x, y);
            at[0] = mixed(at[0], ink.red, share);
            at[1] = mixed(at[1], ink.green, share);
            at[2] = mixed(at[2], ink.blue, share);
        }
    }
}

void cscenes_light(cscenes_layer target, const float *grid, int32_t side) {
    float cells = (float)(side - 1);
    for (int32_t y = 0; y < target.height; y++) {
        float v = ((float)y + 0.5f) / (float)target.height * cells;
        int32_t row = least((int32_t)v, side - 2);
        float down = v - (float)row;
        const float *upper = grid + (ptrdiff_t)row * side * 3, *lower = upper + (ptrdiff_t)side * 3;
        for (int32_t cell = 0; cell < side - 1; cell++) {
            floats4 left = {0, 0, 0, 1}, right = {0, 0, 0, 1};
            for (int32_t channel = 0; channel < 3; channel++) {
                const float *a = upper + 3 * cell + channel, *b = lower + 3 * cell + channel;
                left[channel] = a[0] + (b[0] - a[0]) * down;
                right[channel] = a[3] + (b[3] - a[3]) * down;
            }
            int32_t first = (cell * target.width + side - 2) / (side - 1);
            int32_t last = ((cell + 1) * target.width + side - 2) / (side - 1);
            floats4 step = (right - left) * (cells / (float)target.width);
            float start = (float)cell * (float)target.width / cells;
            for (int32_t x = first; x < last; x++) {
                scale_pixel(pixel(target, x, y), left + step * ((float)x + 0.5f - start));
            }
        }
    }
}

void cscenes_blur(cscenes_layer target, int32_t across, int32_t down, int32_t weight, uint8_t *scratch) {
    ptrdiff_t row = (ptrdiff_t)target.width * 4, size = row * target.height;
    ptrdiff_t step = (ptrdiff_t)down * row + (ptrdiff_t)across * 4;
    memcpy(scratch, target.pixels, (size_t)size);
    uint32_t side = (uint32_t)weight, middle = 256 - 2 * side;
    for (int32_t y = down; y < target.height - down; y++) {
        uint8_t *to = target.pixels + y * row;
        const uint8_t *from = scratch + y * row;
        for (ptrdiff_t i = (ptrdiff_t)across * 4; i < row - (ptrdiff_t)across * 4; i++) {
            uint32_t sum = from[i] * middle + (uint32_t)(from[i - step] + from[i + step]) * side;
            // The owner, every fourth byte, stays.
            to[i] = (i & 3) == 3 ? from[i] : (uint8_t)((sum + 128) >> 8);
        }
    }
}

void cscenes_finish(
    cscenes_layer picture, const uint8_t *tables, const int8_t *noise, int32_t amplitude, uint8_t *pixels
) {
    for (ptrdiff_t i = 0; i < (ptrdiff_t)picture.width * picture.height; i++) {
        for (ptrdiff_t channel = 0; channel < 3; channel++) {
            int32_t value = tables[256 * channel + picture.pixels[4 * i + channel]];
            value += (noise[3 * i + channel] * amplitude) >> 8;
            pixels[3 * i + channel] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

INLINE float smooth(float t) { return t * t * (3 - 2 * t); }

void cscenes_hills(
    float *field, int32_t width, int32_t height, const float *lattice, cscenes_map map, float weight
) {
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            float u = map.a * (float)x + map.b * (float)y + map.c, v = map.d * (float)x + map.e * (float)y + map.f;
            float left = floorf(u), top = floorf(v);
            int32_t column = (int32_t)left & 63, row = (int32_t)top & 63;
            int32_t next = (column + 1) & 63, below = (row + 1) & 63;
            float across = smooth(u - left), down = smooth(v - top);
            float upper = lattice[row * 64 + column], lower = lattice[below * 64 + column];
            upper += (lattice[row * 64 + next] - upper) * across;
            lower += (lattice[below * 64 + next] - lower) * across;
            field[(ptrdiff_t)y * width + x] += weight * (upper + (lower - upper) * down);
        }
    }
}

void cscenes_mix(cscenes_layer target, const float *field, const float *first, const float *second) {
    for (ptrdiff_t i = 0; i < (ptrdiff_t)target.width * target.height; i++) {
        float share = bounded(field[i]);
        for (ptrdiff_t channel = 0; channel < 3; channel++) {
            target.pixels[4 * i + channel] = byte_of(first[channel] + (second[channel] - first[channel]) * share);
        }
        target.pixels[4 * i + 3] = 255;
    }
}

void cscenes_relief(cscenes_layer target, const float *field) {
    for (ptrdiff_t i = 0; i < (ptrdiff_t)target.width * target.height; i++) {
        for (ptrdiff_t channel = 0; channel < 3; channel++) {
            uint8_t *at = target.pixels + 4 * i + channel;
            *at = byte_of((float)*at * (1 + field[i]));
        }
    }
}
