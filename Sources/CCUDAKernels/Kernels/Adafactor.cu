// Adafactor of many tensors: mean squares of rows and columns, the root mean square of all changes, the update.
//
// A tile of a matrix is CCUDAKERNELS_TILE_ROWS rows by CCUDAKERNELS_TILE_COLUMNS columns: a warp takes every eighth
// row, a lane eight columns. A vector is one row, and keeps a mean square for each element.

#include "ManyTensors.cuh"

typedef ccudakernels_adafactor_entry adafactor_entry;

// The tile of a block.
struct adafactor_tile {
    int64_t matrix, row_tile, column_tile;
    int64_t first_row, end_row; // of the matrix
    int64_t column, count;      // of this lane: the first of its columns, and how many there are from it on
};

DEVICE adafactor_tile tile_of(const adafactor_entry &e) {
    adafactor_tile tile;
    int64_t place = (int64_t)blockIdx.x - e.first_tile;
    tile.column_tile = place % e.column_tiles;
    tile.row_tile = place / e.column_tiles % e.row_tiles;
    tile.matrix = place / e.column_tiles / e.row_tiles;
    tile.first_row = tile.row_tile * CCUDAKERNELS_TILE_ROWS;
    tile.end_row = smaller(e.rows, tile.first_row + CCUDAKERNELS_TILE_ROWS);
    tile.column = tile.column_tile * CCUDAKERNELS_TILE_COLUMNS + threadIdx.x % 32 * WIDTH;
    tile.count = e.columns - tile.column;
    return tile;
}

// The rows of a tile that a warp takes.
#define FOR_WARP_ROWS(row, tile) \
    for (int64_t row = tile.first_row + threadIdx.x / 32; row < tile.end_row; row += blockDim.x / 32)

DEVICE void read_gradient(
    const adafactor_entry &e, const adafactor_tile &tile, int64_t row, float (&gradient)[WIDTH]
) {
    int64_t place = (tile.matrix * e.rows + row) * e.columns + tile.column;
    read_any(e.gradient, e.gradient_type, place, tile.count, gradient);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) gradient[k] *= e.gradient_scale;
}

DEVICE float new_mean(const adafactor_entry &e, float old, float mean) {
    return e.kept * old + (1.0f - e.kept) * mean;
}

// Sums of squares of a tile's rows and columns; of a vector, the new mean squares at once.
KERNEL(adafactor_squares, ccudakernels_many_arguments, 256) {
    __shared__ double room[8][CCUDAKERNELS_TILE_COLUMNS];
    adafactor_entry e = entry_of_block<adafactor_entry>(p, &adafactor_entry::first_tile);
    adafactor_tile tile = tile_of(e);
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    double columns[WIDTH] = {0, 0, 0, 0, 0, 0, 0, 0};
    FOR_WARP_ROWS(row, tile) {
        float squares[WIDTH];
        read_gradient(e, tile, row, squares);
        double sum = 0;
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            squares[k] = squares[k] * squares[k] + e.epsilon;
            if (k >= tile.count) continue;
            columns[k] += (double)squares[k];
            sum += (double)squares[k];
            if (e.column_squares == 0) {
                float *mean = output_of<float>(e.row_squares) + tile.column + k;
                *mean = new_mean(e, *mean, squares[k]);
            }
        }
        if (e.column_squares == 0) continue;
        sum = joined_over_warp<addition>(sum);
        int64_t place = (tile.column_tile * e.matrices + tile.matrix) * e.rows + row;
        if (lane == 0) output_of<double>(e.row_sums)[place] = sum;
    }
    if (e.column_squares == 0) return;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) room[warp][lane * WIDTH + k] = columns[k];
    __syncthreads();
    int64_t first = tile.column_tile * CCUDAKERNELS_TILE_COLUMNS;
    int64_t count = smaller(e.columns - first, (int64_t)CCUDAKERNELS_TILE_COLUMNS);
    double *sums = output_of<double>(e.column_sums) + (tile.matrix * e.row_tiles + tile.row_tile) * e.columns + first;
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x) {
        double sum = 0;
        for (int part = 0; part < 8; part++) sum += room[part][i];
        sums[i] = sum;
    }
}

// A thread takes a row, or a column, of which it adds up the tiles one after another.
KERNEL(adafactor_means, ccudakernels_many_arguments, 256) {
    adafactor_entry e = entry_of_block<adafactor_entry>(p, &adafactor_entry::first_means);
    int64_t rows = e.matrices * e.rows, columns = e.matrices * e.columns, row_blocks = (rows + 255) / 256;
    int64_t block = (int64_t)blockIdx.x - e.first_means;
    double sum = 0;
    if (block < row_blocks) {
        int64_t row = block * 256 + threadIdx.x;
        if (row >= rows) return;
        for (int64_t i = 0; i < e.column_tiles; i++) sum += input_of<double>(e.row_sums)[i * rows + row];
        float *mean = output_of<float>(e.row_squares) + row;
        *mean = new_mean(e, *mean, (float)(sum / (double)e.columns));
    } else {
        int64_t place = (block - row_blocks) * 256 + threadIdx.x;
        if (place >= columns) return;
        const double *sums = input_of<double>(e.column_sums) + place / e.columns * e.row_tiles * e.columns;
        for (int64_t i = 0; i < e.row_tiles; i++) sum += sums[i * e.columns + place % e.columns];
        float *mean = output_of<float>(e.column_squares) + place;
        *mean = new_mean(e, *mean, (float)(sum / (double)e.rows));
    }
}

// A block takes a matrix: the mean of its rows' mean squares.
KERNEL(adafactor_row_means, ccudakernels_many_arguments, 256) {
    __shared__ double room[32];
    adafactor_entry e = entry_of_block<adafactor_entry>(p, &adafactor_entry::first_matrix);
    int64_t matrix = (int64_t)blockIdx.x - e.first_matrix;
    const float *rows = input_of<float>(e.row_squares) + matrix * e.rows;
    double sum = 0;
    for (int64_t i = threadIdx.x; i < e.rows; i += blockDim.x) sum += (double)rows[i];
    sum = joined_over_block<addition>(sum, 0.0, room);
    if (threadIdx.x == 0) output_of<float>(e.row_means)[matrix] = (float)(sum / (double)e.rows);
}

// What the changes of a lane's columns are multiplied by, of a vector divided by.
DEVICE void read_column_factors(const adafactor_entry &e, const adafactor_tile &tile, float (&factors)[WIDTH]) {
    bool is_vector = e.column_squares == 0;
    const float *squares = input_of<float>(is_vector ? e.row_squares : e.column_squares) + tile.matrix * e.columns;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        float root = k < tile.count ? sqrtf(squares[tile.column + k]) : 1.0f;
        factors[k] = is_vector ? root : 1.0f / root;
    }
}

// Changes of a lane's elements of a row, before they are scaled down.
DEVICE void read_changes(
    const adafactor_entry &e, const adafactor_tile &tile, int64_t row, const float (&factors)[WIDTH],
    float (&changes)[WIDTH]
) {
    read_gradient(e, tile, row, changes);
    bool is_vector = e.column_squares == 0;
    float factor = 1;
    if (!is_vector) {
        float mean = input_of<float>(e.row_means)[tile.matrix];
        factor = 1.0f / sqrtf(input_of<float>(e.row_squares)[tile.matrix * e.rows + row] / mean);
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        changes[k] = is_vector ? changes[k] / factors[k] : changes[k] * (factor * factors[k]);
    }
}

// Sums of squares of the changes of tiles.
KERNEL(adafactor_changes, ccudakernels_many_arguments, 256) {
    __shared__ double room[32];
    adafactor_entry e = entry_of_block<adafactor_entry>(p, &adafactor_entry::first_tile);
    adafactor_tile tile = tile_of(e);
    float factors[WIDTH];
    read_column_factors(e, tile, factors);
    double sum = 0;
    FOR_WARP_ROWS(row, tile) {
        float changes[WIDTH];
        read_changes(e, tile, row, factors, changes);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            if (k < tile.count) sum += (double)changes[k] * (double)changes[k];
        }
    }
    sum = joined_over_block<addition>(sum, 0.0, room);
    if (threadIdx.x == 0) output_of<double>(p.partials)[blockIdx.x] = sum;
}

// A block takes a tensor: what all its changes are divided by.
KERNEL(adafactor_divisors, ccudakernels_many_arguments, 256) {
    __shared__ double room[32];
    const adafactor_entry &e = input_of<adafactor_entry>(p.entries)[blockIdx.x];
    const double *partials = input_of<double>(p.partials) + e.first_tile;
    int64_t tiles = e.matrices * e.row_tiles * e.column_tiles;
    double sum = 0;
    for (int64_t i = threadIdx.x; i < tiles; i += blockDim.x) sum += partials[i];
    sum = joined_over_block<addition>(sum, 0.0, room);
    float excess = (float)sqrt(sum / (double)(e.matrices * e.rows * e.columns)) / e.clipping_threshold;
    if (threadIdx.x == 0) *output_of<float>(e.divisor) = excess > 1.0f ? excess : 1.0f;
}

KERNEL(adafactor_update, ccudakernels_many_arguments, 256) {
    adafactor_entry e = entry_of_block<adafactor_entry>(p, &adafactor_entry::first_tile);
    adafactor_tile tile = tile_of(e);
    float factors[WIDTH], divisor = *input_of<float>(e.divisor);
    read_column_factors(e, tile, factors);
    FOR_WARP_ROWS(row, tile) {
        float changes[WIDTH], parameter[WIDTH];
        read_changes(e, tile, row, factors, changes);
        int64_t place = (tile.matrix * e.rows + row) * e.columns + tile.column;
        read_any(e.parameter, e.parameter_type, place, tile.count, parameter);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            parameter[k] = parameter[k] - e.decay * parameter[k] - changes[k] / divisor * e.rate;
        }
        write_parameter(e, place, tile.count, parameter);
    }
}
