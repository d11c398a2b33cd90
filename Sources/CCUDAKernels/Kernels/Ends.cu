// The ends of training and generation: cross-entropy, the choice of a token.

#include "Numbers.cuh"

DEVICE float capped(float logit, float cap) {
    return cap == 0 ? logit : cap * tanhf(logit / cap);
}

// exp(value - largest), 0 where nothing was seen.
DEVICE float power_below(float value, float largest) {
    return value == -INFINITE ? 0.0f : expf(value - largest);
}

// What a column counts under a bell around a target, before all are scaled to one.
DEVICE float bell_share(int64_t column, int64_t target, float deviation) {
    float distance = (float)(column - target) / deviation;
    return expf(-0.5f * distance * distance);
}

// The columns that a bell reaches: six deviations on either side, within the columns that it may take.
DEVICE void bell_reach(const ccudakernels_cross_entropy_arguments &p, int32_t target, int32_t &begin, int32_t &end) {
    begin = end = 0;
    if (p.spread_deviation == 0 || target < p.spread_begin || target >= p.spread_end) return;
    int32_t reach = (int32_t)(6 * p.spread_deviation);
    begin = target - reach > p.spread_begin ? target - reach : p.spread_begin;
    end = target + reach + 1 < p.spread_end ? target + reach + 1 : p.spread_end;
}

// A block takes a row: one pass for the sum, with the largest logit seen so far taken out, and one for the gradient.
template <typename T> DEVICE void cross_entropy(const ccudakernels_cross_entropy_arguments &p) {
    __shared__ float room[32];
    __shared__ double sum_room[32];
    int64_t row = blockIdx.x, columns = p.columns;
    const float *logits = input_of<float>(p.logits) + row * columns;
    bool aligned = rows_are_aligned<float>(p.logits, columns);
    float largest = -INFINITE, powers = 0, plain = 0;
    FOR_ROW_EIGHTS(i, columns) {
        float values[WIDTH], top = largest;
        read_eight(logits + i, columns - i, aligned, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            if (i + k < columns) values[k] = capped(values[k], p.soft_cap);
            plain += values[k];
            if (i + k >= columns) values[k] = -INFINITE;
            top = values[k] > top ? values[k] : top;
        }
        if (top > largest) powers *= power_below(largest, top);
        largest = top;
#pragma unroll
        for (int k = 0; k < WIDTH; k++) powers += power_below(values[k], largest);
    }
    float top = joined_over_block<maximum>(largest, -INFINITE, room);
    double sum = joined_over_block<addition>((double)powers * power_below(largest, top), 0.0, sum_room);
    double log_sum_exp = (double)top + log(sum);
    double plain_sum = p.smoothing == 0 ? 0.0 : joined_over_block<addition>((double)plain, 0.0, sum_room);
    int32_t target = input_of<int32_t>(p.targets)[row];
    float weight = input_of<float>(p.weights)[row];
    double expected = (double)capped(logits[target], p.soft_cap);
    int32_t begin, end;
    bell_reach(p, target, begin, end);
    bool is_bell = begin < end;
    float bell_scale = 0;
    if (is_bell) {
        float shares = 0, mean = 0;
        for (int32_t column = begin + threadIdx.x; column < end; column += blockDim.x) {
            float share = bell_share(column, target, p.spread_deviation);
            shares += share;
            mean += share * capped(logits[column], p.soft_cap);
        }
        double total = joined_over_block<addition>((double)shares, 0.0, sum_room);
        expected = joined_over_block<addition>((double)mean, 0.0, sum_room) / total;
        bell_scale = (float)(1 / total);
    } else if (p.smoothing != 0) {
        expected = (1 - (double)p.smoothing) * expected + (double)p.smoothing * plain_sum / (double)columns;
    }
    if (threadIdx.x == 0) output_of<float>(p.losses)[row] = (float)((double)weight * (log_sum_exp - expected));
    if (p.gradient == 0) return;
    __syncthreads(); // the gradient may be written over the logits, and every thread reads the target's
    T *gradient = output_of<T>(p.gradient) + row * columns;
    bool out_aligned = rows_are_aligned<T>(p.gradient, columns);
    float spread = is_bell ? 0.0f : p.smoothing / (float)columns, hit = 1.0f - p.smoothing, shift = (float)log_sum_exp;
    FOR_ROW_EIGHTS(i, columns) {
        float values[WIDTH];
        read_eight(logits + i, columns - i, aligned, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            float value = capped(values[k], p.soft_cap), ratio = p.soft_cap == 0 ? 0.0f : value / p.soft_cap;
            float share = expf(value - shift), due = i + k == target ? hit : 0.0f;
            if (is_bell) {
                bool reached = i + k >= begin && i + k < end;
                due = reached ? bell_scale * bell_share(i + k, target, p.spread_deviation) : 0.0f;
            }
            share -= due;
            // The soft-cap's slope is 1 - (capped / cap)^2.
            values[k] = weight * (share - spread) * (1.0f - ratio * ratio);
        }
        write_eight(gradient + i, columns - i, out_aligned, values);
    }
}

#define CROSS_ENTROPY(name, T) \
    KERNEL(cross_entropy_##name, ccudakernels_cross_entropy_arguments, 1024) { cross_entropy<T>(p); }
FOR_EACH_TYPE(CROSS_ENTROPY)

// A thread takes a row.
template <typename T> DEVICE void absolute_error(const ccudakernels_absolute_error_arguments &p) {
    int64_t row = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= p.rows) return;
    const T *prediction = input_of<T>(p.prediction) + row * p.columns;
    const float *target = input_of<float>(p.target) + row * p.columns;
    float sum = 0;
    for (int64_t i = 0; i < p.columns; i++) {
        float error = widened(prediction[i]) - target[i];
        sum += error < 0 ? -error : error;
        float slope = error == 0 ? 0.0f : error > 0 ? p.weight : -p.weight;
        if (p.gradient != 0) output_of<T>(p.gradient)[row * p.columns + i] = rounded<T>(slope);
    }
    output_of<float>(p.losses)[row] = p.weight * sum;
}

#define ABSOLUTE_ERROR(name, T) \
    KERNEL(absolute_error_##name, ccudakernels_absolute_error_arguments, 256) { absolute_error<T>(p); }
FOR_EACH_TYPE(ABSOLUTE_ERROR)

// A row's largest element so far; of equals the first. A NaN is neither.
#define NOWHERE 0x7fffffff

union row_choice {
    float2 word;
    struct {
        float largest;
        int32_t place;
    };
};

DEVICE row_choice joined_over_block(row_choice own) {
    __shared__ float room[32];
    __shared__ int32_t place_room[32];
    row_choice joined;
    joined.largest = joined_over_block<maximum>(own.largest, -INFINITE, room);
    int32_t place = own.largest == joined.largest ? -own.place : -NOWHERE;
    joined.place = -joined_over_block<maximum>(place, -NOWHERE, place_room);
    return joined;
}

#if MAKES_FLOAT32
// How many blocks of a row are done with their part.
static __device__ uint32_t argmax_parts_done[CCUDAKERNELS_ARGMAX_ROWS];

// Blocks that share a row leave what they found to the one that is done last.
KERNEL(argmax_rows, ccudakernels_argmax_arguments, 512) {
    __shared__ int32_t is_last;
    int64_t row = blockIdx.x, first = blockIdx.y * p.part_columns, count = smaller(p.part_columns, p.columns - first);
    const float *input = input_of<float>(p.input) + row * p.columns + first;
    bool aligned = rows_are_aligned<float>(p.input, p.columns);
    row_choice own;
    own.largest = -INFINITE;
    own.place = NOWHERE;
    FOR_ROW_EIGHTS(i, count) {
        float values[WIDTH];
        read_eight(input + i, count - i, aligned, values);
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
            bool is_first = values[k] == own.largest && own.place == NOWHERE;
            if (i + k < count && (values[k] > own.largest || is_first)) {
                own.largest = values[k];
                own.place = (int32_t)(first + i) + k;
            }
        }
    }
    own = joined_over_block(own);
    if (gridDim.y > 1) {
        float2 *parts = output_of<float2>(p.partials) + row * gridDim.y;
        if (threadIdx.x == 0) {
            parts[blockIdx.y] = own.word;
            is_last = is_last_of(argmax_parts_done + row, gridDim.y);
        }
        __syncthreads();
        if (!is_last) return;
        own.largest = -INFINITE;
        own.place = NOWHERE;
        if (threadIdx.x < gridDim.y) own.word = read_fresh(parts + threadIdx.x);
        own = joined_over_block(own);
    }
    if (threadIdx.x == 0) output_of<int32_t>(p.output)[row] = own.place == NOWHERE ? 0 : own.place;
}
#endif
