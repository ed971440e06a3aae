/* The arithmetic of prediction, compiled: what kernels.py says in NumPy, with the element-wise work done where the
 * numbers already are, in registers and a core's first cache, instead of in a pass over memory for each operation.
 *
 * Vectors of 16 floats are GCC's and clang's own, so the fp32 functions are plain C: on x86 they are compiled for AVX-512,
 * AVX2 and the baseline, and the loader chooses. bf16 needs the tile unit (AMX) of newer x86 servers; has_bf16() tells.
 * All arrays are C-contiguous float32; sizes are checked here, for a wrong one would write over memory.
 * The interpreter is let go during the work, so that threads run side by side.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#define ON_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ON_EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

#define LANES 16
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

#define EPSILON 1e-5f /* added to the variance in a layer norm, as torch does */

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

INLINE vec load(const float *from) { vec v; memcpy(&v, from, sizeof v); return v; }
INLINE void store(float *to, vec v) { memcpy(to, &v, sizeof v); }
INLINE vec all(float x) { return x - (vec){0}; }
INLINE vec larger(vec a, vec b) { ivec m = a > b; return (vec)(((ivec)a & m) | ((ivec)b & ~m)); }
INLINE vec smaller(vec a, vec b) { ivec m = a < b; return (vec)(((ivec)a & m) | ((ivec)b & ~m)); }
INLINE vec swapped8(vec v) { return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7); }
INLINE vec swapped4(vec v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11); }
INLINE vec swapped2(vec v) { return __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13); }
INLINE float sum(vec v) { v += swapped8(v); v += swapped4(v); v += swapped2(v); return v[0] + v[1]; }
INLINE float largest(vec v) {
    v = larger(v, swapped8(v)); v = larger(v, swapped4(v)); v = larger(v, swapped2(v));
    return v[0] > v[1] ? v[0] : v[1];
}

/* v with 0 in its lanes from `count` on. */
INLINE vec first_lanes(vec v, long count) {
    const ivec lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (vec)((ivec)v & (lane < (ivec){0} + (int32_t)count));
}

/* The first `count` floats, 0 behind them. */
INLINE vec load_part(const float *from, long count) { vec v = {0}; memcpy(&v, from, 4 * (size_t)count); return v; }
INLINE void store_part(float *to, vec v, long count) { memcpy(to, &v, 4 * (size_t)count); }
INLINE vec load_upto(const float *from, long count) { return count >= LANES ? load(from) : load_part(from, count); }
INLINE void store_upto(float *to, vec v, long count) { if (count >= LANES) store(to, v); else store_part(to, v, count); }

/* e^x for x <= 0, within 2e-7 of it: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes). */
INLINE vec exponential(vec x) {
    x = larger(x, all(-87.0f));
    ivec n = __builtin_convertvector(x * 1.44269504088896341f - 0.5f, ivec); /* towards 0: rounds what is negative */
    vec whole = __builtin_convertvector(n, vec);
    vec r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * (vec)((n + 127) << 23);
}

/* x Phi(x) by the error function: z P(z^2) / Q(z^2) on [-4, 4], the rational approximation of Eigen and XLA. */
INLINE vec gelu(vec x) {
    vec z = smaller(larger(x * 0.70710678118654752f, all(-4.0f)), all(4.0f)), s = z * z;
    vec p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    vec q = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return x * 0.5f * (z * p / q + 1.0f);
}

/* ---- linear layers ---------------------------------------------------------------------------------------------- */

typedef struct {
    const void *weight;    /* packed by pack() */
    const float *bias;     /* (outputs,) or NULL */
    const float *residual; /* (rows, outputs) or NULL: added last; may be `out` itself */
    float *out;            /* (rows, outputs) */
    long inputs, outputs;
    int with_gelu;
} Layer;

/* What is left to do with the sums of one row at outputs `column` and behind, of which `count` exist. */
INLINE void finish(const Layer *layer, long row, long column, long count, vec sums) {
    if (layer->bias) sums += load_upto(layer->bias + column, count);
    if (layer->with_gelu) sums = gelu(sums);
    long place = row * layer->outputs + column;
    if (layer->residual) sums += load_upto(layer->residual + place, count);
    store_upto(layer->out + place, sums, count);
}

#define ROWS 6 /* with one vector of outputs: as many sums as AVX2 has registers for, beside the weights */

/* Packed fp32 weights: for each 16 outputs a panel (inputs, 16). */
INLINE void few_rows(const float *x, const Layer *layer, long row, int rows) {
    long inputs = layer->inputs;
    for (long column = 0; column < layer->outputs; column += LANES) {
        const float *panel = (const float *)layer->weight + column * inputs;
        vec sums[ROWS] = {{0}};
        for (long k = 0; k < inputs; k++) {
            vec weight = load(panel + k * LANES);
            for (int r = 0; r < rows; r++) sums[r] += x[(row + r) * inputs + k] * weight;
        }
        for (int r = 0; r < rows; r++) finish(layer, row + r, column, layer->outputs - column, sums[r]);
    }
}

ON_EACH_PROCESSOR static void linear_fp32(const float *x, const Layer *layer, long rows) {
    long row = 0;
    for (; row + ROWS <= rows; row += ROWS) few_rows(x, layer, row, ROWS);
    for (; row < rows; row++) few_rows(x, layer, row, 1);
}

/* ---- layer norm ------------------------------------------------------------------------------------------------- */

ON_EACH_PROCESSOR static void norm_rows(const float *x, const float *weight, const float *bias, float *out, long rows,
                                        long width) {
    for (long row = 0; row < rows; row++, x += width, out += width) {
        vec total = {0}, squares = {0};
        for (long i = 0; i < width; i += LANES) total += load_upto(x + i, width - i);
        float mean = sum(total) / (float)width;
        for (long i = 0; i < width; i += LANES) {
            vec d = load_upto(x + i, width - i) - mean;
            if (width - i < LANES) d = first_lanes(d, width - i);
            squares += d * d;
        }
        float scale = 1.0f / sqrtf(sum(squares) / (float)width + EPSILON);
        for (long i = 0; i < width; i += LANES) {
            vec d = (load_upto(x + i, width - i) - mean) * scale;
            store_upto(out + i, d * load_upto(weight + i, width - i) + load_upto(bias + i, width - i), width - i);
        }
    }
}

/* ---- attention -------------------------------------------------------------------------------------------------- */

/* Scores of one query become shares that do not yet sum to 1, in place; what stands behind them becomes 0 up to a whole
 * number of vectors. Returns their sum. */
INLINE float shares(float *scores, long tokens, float scale) {
    vec best = all(-INFINITY), total = {0};
    for (long s = tokens; s % LANES; s++) scores[s] = -INFINITY;
    for (long s = 0; s < tokens; s += LANES) best = larger(best, load(scores + s));
    float most = largest(best);
    for (long s = 0; s < tokens; s += LANES) {
        vec share = exponential((load(scores + s) - most) * scale);
        if (tokens - s < LANES) share = first_lanes(share, tokens - s);
        store(scores + s, share);
        total += share;
    }
    return sum(total);
}

INLINE long rounded_up(long count, long step) { return (count + step - 1) / step * step; }

/* qkv (T, 3 D) of one text; keys: room for (size, padded T); scores: room for ROWS padded rows. */
INLINE void attend_fp32(const float *qkv, float *out, long tokens, long width, long size, long head, float *keys,
                        float *scores) {
    long padded = rounded_up(tokens, LANES), stride = 3 * width;
    const float *query = qkv + head * size, *key = query + width, *value = key + width;
    for (long d = 0; d < size; d++)
        for (long s = 0; s < padded; s++) keys[d * padded + s] = s < tokens ? key[s * stride + d] : 0.0f;
    float scale = 1.0f / sqrtf((float)size);
    for (long first = 0; first < tokens; first += ROWS) {
        int rows = tokens - first < ROWS ? (int)(tokens - first) : ROWS;
        float totals[ROWS];
        for (long s = 0; s < padded; s += LANES) {
            vec sums[ROWS] = {{0}};
            for (long d = 0; d < size; d++) {
                vec column = load(keys + d * padded + s);
                for (int r = 0; r < ROWS; r++) sums[r] += query[(first + (r < rows ? r : 0)) * stride + d] * column;
            }
            for (int r = 0; r < rows; r++) store(scores + r * padded + s, sums[r]);
        }
        for (int r = 0; r < rows; r++) totals[r] = 1.0f / shares(scores + r * padded, tokens, scale);
        for (long d = 0; d < size; d += LANES) {
            vec sums[ROWS] = {{0}};
            for (long s = 0; s < tokens; s++) {
                vec v = load_upto(value + s * stride + d, size - d);
                for (int r = 0; r < ROWS; r++) sums[r] += scores[(r < rows ? r : 0) * padded + s] * v;
            }
            for (int r = 0; r < rows; r++)
                store_upto(out + (first + r) * width + head * size + d, sums[r] * totals[r], size - d);
        }
    }
}

ON_EACH_PROCESSOR static void attention_fp32(const float *qkv, float *out, long batch, long tokens, long width,
                                             long heads, float *room) {
    long size = width / heads, padded = rounded_up(tokens, LANES);
    for (long text = 0; text < batch; text++)
        for (long head = 0; head < heads; head++)
            attend_fp32(qkv + text * tokens * 3 * width, out + text * tokens * width, tokens, width, size, head, room,
                        room + size * padded);
}

/* ---- bf16 on the tile unit: linear layers and attention ----------------------------------------------------------- */

#if defined(__x86_64__) && defined(__linux__)
#define HAS_TILES
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ON_TILES __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")))
#define PAIRS 16              /* pairs of bf16 in a row of a tile; a tile has 16 rows */
#define DEPTH (2 * PAIRS)     /* inputs that one tile product goes through */
#define BLOCK 32              /* rows and columns of sums that are kept in four tiles */
#define TILE (16 * DEPTH)     /* bf16 in a tile */

typedef uint16_t bf16;

INLINE bf16 rounded(float x) { /* to the nearest, ties to even */
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (bf16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/* 0 to tiles 0-3: sums; 4-5: rows; 6-7: columns. All of 16 rows of 64 bytes. */
ON_TILES static void configure_tiles(void) {
    struct { uint8_t palette, start, zeros[14]; uint16_t bytes[16]; uint8_t rows[16]; } config = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) config.bytes[tile] = 64, config.rows[tile] = 16;
    _tile_loadconfig(&config);
}

/* Rows (count, size) at `stride` floats as bf16 rows of `padded`, a multiple of DEPTH; zeros up to `rows` rows. */
ON_TILES INLINE void to_bf16(const float *from, long stride, long count, long size, bf16 *to, long rows, long padded) {
    for (long row = 0; row < rows; row++, to += padded) {
        if (row >= count) { memset(to, 0, 2 * (size_t)padded); continue; }
        for (long i = 0; i < padded; i += DEPTH) {
            const float *part = from + row * stride + i;
            vec low = i < size ? load_upto(part, size - i) : (vec){0};
            vec high = i + LANES < size ? load_upto(part + LANES, size - i - LANES) : (vec){0};
            _mm512_storeu_si512(to + i, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
        }
    }
}

/* Sums (BLOCK, BLOCK) of products of bf16 rows (BLOCK, depth) and of columns packed in tiles, those of one 16 columns
 * behind those of another `apart` further on. */
ON_TILES INLINE void multiply(const bf16 *rows, long stride, const bf16 *tiles, long apart, long depth, float *sums) {
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
    for (long k = 0; k < depth; k += DEPTH, tiles += TILE) {
        _tile_loadd(4, rows + k, 2 * stride);
        _tile_loadd(5, rows + 16 * stride + k, 2 * stride);
        _tile_loadd(6, tiles, 64);
        _tile_loadd(7, tiles + apart, 64);
        _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, 4 * BLOCK); _tile_stored(1, sums + 16, 4 * BLOCK);
    _tile_stored(2, sums + 16 * BLOCK, 4 * BLOCK); _tile_stored(3, sums + 16 * BLOCK + 16, 4 * BLOCK);
}

/* Packed bf16 weights: for each 16 outputs, up to a multiple of BLOCK, the tiles of all inputs. */
ON_TILES static void linear_bf16(const float *x, const Layer *layer, long rows, bf16 *room) {
    long inputs = layer->inputs, depth = rounded_up(inputs, DEPTH), apart = 16 * depth;
    float sums[BLOCK * BLOCK] __attribute__((aligned(64)));
    configure_tiles();
    for (long row = 0; row < rows; row += BLOCK) {
        long count = rows - row < BLOCK ? rows - row : BLOCK;
        to_bf16(x + row * inputs, inputs, count, inputs, room, BLOCK, depth);
        for (long column = 0; column < layer->outputs; column += BLOCK) {
            multiply(room, depth, (const bf16 *)layer->weight + column * depth, apart, depth, sums);
            for (long r = 0; r < count; r++)
                for (long c = 0; c < BLOCK && column + c < layer->outputs; c += LANES)
                    finish(layer, row + r, column + c, layer->outputs - column - c, load(sums + r * BLOCK + c));
        }
    }
    _tile_release();
}

/* 16 x 16 numbers of 32 bits turned round, rows for columns: by pairs of 1, 2, 4 and 8. */
ON_TILES INLINE void transpose(__m512i row[16]) {
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(row[i], row[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(row[i], row[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            row[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
            row[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
        }
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_i32x4(row[i + j], row[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_i32x4(row[i + j], row[i + j + 4], 0xdd);
        }
    for (int j = 0; j < 8; j++) {
        row[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
        row[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xdd);
    }
}

/* Floats (count, size) at `stride`, to be multiplied from the left over `size`: columns are the rows given. */
ON_TILES INLINE void pack_keys(const float *from, long stride, long count, long size, bf16 *tiles, long columns,
                               long depth) {
    for (long column = 0; column < columns; column += 16)
        for (long k = 0; k < depth; k += DEPTH, tiles += TILE) {
            __m512i rows[16];
            for (long c = 0; c < 16; c++) {
                const float *part = from + (column + c) * stride + k;
                vec low = {0}, high = {0};
                if (column + c < count && k < size) low = load_upto(part, size - k);
                if (column + c < count && k + LANES < size) high = load_upto(part + LANES, size - k - LANES);
                rows[c] = (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
            }
            transpose(rows);
            for (long pair = 0; pair < PAIRS; pair++) _mm512_storeu_si512(tiles + pair * DEPTH, rows[pair]);
        }
}

/* Floats (count, size) at `stride`, to be multiplied from the left over `count`. */
ON_TILES INLINE void pack_values(const float *from, long stride, long count, long size, bf16 *tiles, long columns,
                                 long depth) {
    for (long k = 0; k < depth; k += 2)
        for (long column = 0; column < columns; column += 16) {
            const float *part = from + k * stride + column;
            vec first = {0}, second = {0};
            if (k < count && column < size) first = load_upto(part, size - column);
            if (k + 1 < count && column < size) second = load_upto(part + stride, size - column);
            __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
            const __m512i turn = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                                  6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
            bf16 *tile = tiles + (column / 16) * 16 * depth + (k / DEPTH) * TILE + (k % DEPTH) / 2 * DEPTH;
            _mm512_storeu_si512(tile, _mm512_permutexvar_epi16(turn, both));
        }
}

/* How many bytes of room attention_bf16 needs, and how they are used. */
typedef struct { long tokens, size, query, key, value, share, score, bytes; } Room;

static Room attention_room(long tokens, long size) {
    Room room = {.tokens = rounded_up(tokens, BLOCK), .size = rounded_up(size, BLOCK)};
    long block = 2 * room.tokens * room.size;
    room.query = 0;
    room.key = room.query + 2 * BLOCK * room.size;
    room.value = room.key + block;
    room.share = room.value + block;
    room.score = room.share + 2 * BLOCK * room.tokens;
    room.bytes = room.score + 4 * BLOCK * room.tokens;
    return room;
}

ON_TILES static void attend_bf16(const float *qkv, float *out, long tokens, long width, long size, const Room *room,
                                 char *memory) {
    bf16 *queries = (bf16 *)(memory + room->query), *keys = (bf16 *)(memory + room->key);
    bf16 *values = (bf16 *)(memory + room->value), *share = (bf16 *)(memory + room->share);
    float *scores = (float *)(memory + room->score), sums[BLOCK * BLOCK] __attribute__((aligned(64))), totals[BLOCK];
    long stride = 3 * width;
    pack_keys(qkv + width, stride, tokens, size, keys, room->tokens, room->size);
    pack_values(qkv + 2 * width, stride, tokens, size, values, room->size, room->tokens);
    float scale = 1.0f / sqrtf((float)size);
    for (long row = 0; row < tokens; row += BLOCK) {
        long count = tokens - row < BLOCK ? tokens - row : BLOCK;
        to_bf16(qkv + row * stride, stride, count, size, queries, BLOCK, room->size);
        for (long column = 0; column < tokens; column += BLOCK) {
            multiply(queries, room->size, keys + column * room->size, 16 * room->size, room->size, sums);
            for (long r = 0; r < count; r++)
                memcpy(scores + r * room->tokens + column, sums + r * BLOCK, 4 * BLOCK);
        }
        for (long r = 0; r < count; r++) totals[r] = 1.0f / shares(scores + r * room->tokens, tokens, scale);
        to_bf16(scores, room->tokens, count, rounded_up(tokens, LANES), share, BLOCK, room->tokens);
        for (long column = 0; column < size; column += BLOCK) {
            multiply(share, room->tokens, values + column * room->tokens, 16 * room->tokens, room->tokens, sums);
            for (long r = 0; r < count; r++)
                for (long c = 0; c < BLOCK && column + c < size; c += LANES)
                    store_upto(out + (row + r) * width + column + c, load(sums + r * BLOCK + c) * totals[r],
                               size - column - c);
        }
    }
}

ON_TILES static void attention_bf16(const float *qkv, float *out, long batch, long tokens, long width, long heads,
                                    const Room *room, char *memory) {
    long size = width / heads;
    configure_tiles();
    for (long text = 0; text < batch; text++)
        for (long head = 0; head < heads; head++)
            attend_bf16(qkv + text * tokens * 3 * width + head * size, out + text * tokens * width + head * size, tokens,
                        width, size, room, memory);
    _tile_release();
}

/* Whether the processor has the tile unit and the system lets this process use it. */
static int has_tiles(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) return 0; /* AMX-BF16, AMX-TILE */
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a >> 5 & 1)) return 0; /* AVX512-BF16 */
    return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */) == 0;
}
#endif

/* ---- words to tokens -------------------------------------------------------------------------------------------- */

/* out (B, T, D): sums of table rows; of the `pooled` sums of a token the largest, and 0 if that is less.
 * ids (B, S) of padded texts; places (T, pooled, taps) in a text; the table has `taps` rows for each word. */
ON_EACH_PROCESSOR static void gather(const float *table, const int64_t *ids, const int64_t *places, float *out, long batch,
                                     long words, long tokens, long pooled, long taps, long width, int rectified) {
    for (long text = 0; text < batch; text++, ids += words)
        for (long token = 0; token < tokens; token++, out += width) {
            const int64_t *place = places + token * pooled * taps;
            for (long i = 0; i < width; i += LANES) {
                vec best = rectified ? (vec){0} : all(-INFINITY);
                for (long window = 0; window < pooled; window++) {
                    vec total = {0};
                    for (long tap = 0; tap < taps; tap++)
                        total += load_upto(table + (ids[place[window * taps + tap]] * taps + tap) * width + i, width - i);
                    best = larger(best, total);
                }
                store_upto(out + i, best, width - i);
            }
        }
}

/* ---- the module --------------------------------------------------------------------------------------------------- */

/* Whether the buffers hold as many bytes as they must; sets an error otherwise. */
static int fits(int count, const Py_buffer *const *buffers, const long *floats) {
    for (int i = 0; i < count; i++)
        if (buffers[i]->buf && (floats[i] < 0 || buffers[i]->len < 4 * floats[i])) {
            PyErr_SetString(PyExc_ValueError, "an array is smaller than its sizes say");
            return 0;
        }
    return 1;
}

static void release(int count, Py_buffer **buffers) {
    for (int i = 0; i < count; i++)
        if (buffers[i]->obj) PyBuffer_Release(buffers[i]);
}

/* Floats, or as many bytes, that a packed weight takes. */
static long packed_floats(long outputs, long inputs, int bf) {
    return bf ? rounded_up(outputs, 32) * rounded_up(inputs, 32) / 2 : rounded_up(outputs, LANES) * inputs;
}

static PyObject *py_packed_floats(PyObject *self, PyObject *args) {
    long outputs, inputs;
    int bf;
    if (!PyArg_ParseTuple(args, "llp", &outputs, &inputs, &bf)) return NULL;
    return PyLong_FromLong(packed_floats(outputs, inputs, bf));
}

static PyObject *py_pack(PyObject *self, PyObject *args) {
    Py_buffer weight = {0}, out = {0}, *all_of[] = {&weight, &out};
    long outputs, inputs;
    int bf;
    if (!PyArg_ParseTuple(args, "y*w*llp", &weight, &out, &outputs, &inputs, &bf)) return NULL;
    const Py_buffer *checked[] = {&weight, &out};
    if (!fits(2, checked, (long[]){outputs * inputs, packed_floats(outputs, inputs, bf)})) {
        release(2, all_of);
        return NULL;
    }
    const float *from = weight.buf;
    memset(out.buf, 0, 4 * (size_t)packed_floats(outputs, inputs, bf));
    for (long n = 0; n < outputs; n++)
        for (long k = 0; k < inputs; k++) {
            float value = from[n * inputs + k];
            if (!bf) ((float *)out.buf)[n / LANES * LANES * inputs + k * LANES + n % LANES] = value;
#ifdef HAS_TILES
            else ((bf16 *)out.buf)[n / 16 * 16 * rounded_up(inputs, DEPTH) + k / DEPTH * TILE + k % DEPTH / 2 * DEPTH +
                                   n % 16 * 2 + k % 2] = rounded(value);
#endif
        }
    release(2, all_of);
    Py_RETURN_NONE;
}

static PyObject *py_linear(PyObject *self, PyObject *args) {
    Py_buffer x = {0}, weight = {0}, bias = {0}, residual = {0}, out = {0};
    Py_buffer *all_of[] = {&x, &weight, &bias, &residual, &out};
    long rows, inputs, outputs;
    int with_gelu, bf;
    if (!PyArg_ParseTuple(args, "y*y*z*z*w*lllpp", &x, &weight, &bias, &residual, &out, &rows, &inputs, &outputs,
                          &with_gelu, &bf))
        return NULL;
    const Py_buffer *checked[] = {&x, &weight, &bias, &residual, &out};
    long floats[] = {rows * inputs, packed_floats(outputs, inputs, bf), outputs, rows * outputs, rows * outputs};
    void *room = NULL;
    if (!fits(5, checked, floats) || (bf && !(room = malloc(2 * 32 * (size_t)rounded_up(inputs, 32) + 64)))) {
        release(5, all_of);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Layer layer = {weight.buf, bias.buf, residual.buf, out.buf, inputs, outputs, with_gelu};
    Py_BEGIN_ALLOW_THREADS
#ifdef HAS_TILES
    if (bf) linear_bf16(x.buf, &layer, rows, room);
    else
#endif
        linear_fp32(x.buf, &layer, rows);
    Py_END_ALLOW_THREADS
    free(room);
    release(5, all_of);
    Py_RETURN_NONE;
}

static PyObject *py_layer_norm(PyObject *self, PyObject *args) {
    Py_buffer x = {0}, weight = {0}, bias = {0}, out = {0}, *all_of[] = {&x, &weight, &bias, &out};
    long rows, width;
    if (!PyArg_ParseTuple(args, "y*y*y*w*ll", &x, &weight, &bias, &out, &rows, &width)) return NULL;
    const Py_buffer *checked[] = {&x, &weight, &bias, &out};
    int good = fits(4, checked, (long[]){rows * width, width, width, rows * width});
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        norm_rows(x.buf, weight.buf, bias.buf, out.buf, rows, width);
        Py_END_ALLOW_THREADS
    }
    release(4, all_of);
    if (!good) return NULL;
    Py_RETURN_NONE;
}

static PyObject *py_attention(PyObject *self, PyObject *args) {
    Py_buffer qkv = {0}, out = {0}, *all_of[] = {&qkv, &out};
    long batch, tokens, width, heads;
    int bf;
    if (!PyArg_ParseTuple(args, "y*w*llllp", &qkv, &out, &batch, &tokens, &width, &heads, &bf)) return NULL;
    const Py_buffer *checked[] = {&qkv, &out};
    if (!fits(2, checked, (long[]){3 * batch * tokens * width, batch * tokens * width})) {
        release(2, all_of);
        return NULL;
    }
    long size = width / heads, padded = rounded_up(tokens, LANES), bytes = 4 * (size + ROWS) * padded;
#ifdef HAS_TILES
    Room room = attention_room(tokens, size);
    if (bf) bytes = room.bytes;
#endif
    char *memory = malloc((size_t)bytes + 64);
    if (!memory) {
        release(2, all_of);
        return PyErr_NoMemory();
    }
    char *aligned = (char *)rounded_up((long)memory, 64);
    Py_BEGIN_ALLOW_THREADS
#ifdef HAS_TILES
    if (bf) attention_bf16(qkv.buf, out.buf, batch, tokens, width, heads, &room, aligned);
    else
#endif
        attention_fp32(qkv.buf, out.buf, batch, tokens, width, heads, (float *)aligned);
    Py_END_ALLOW_THREADS
    free(memory);
    release(2, all_of);
    Py_RETURN_NONE;
}

static PyObject *py_gather(PyObject *self, PyObject *args) {
    Py_buffer table = {0}, ids = {0}, places = {0}, out = {0}, *all_of[] = {&table, &ids, &places, &out};
    long batch, words, tokens, pooled, taps, width;
    int rectified;
    if (!PyArg_ParseTuple(args, "y*y*y*w*llllllp", &table, &ids, &places, &out, &batch, &words, &tokens, &pooled, &taps,
                          &width, &rectified))
        return NULL;
    const Py_buffer *checked[] = {&ids, &places, &out};
    int good = fits(3, checked, (long[]){2 * batch * words, 2 * tokens * pooled * taps, batch * tokens * width});
    long rows = table.len / (4 * width * taps);
    for (long i = 0; good && i < batch * words; i++) good = (uint64_t)((int64_t *)ids.buf)[i] < (uint64_t)rows;
    for (long i = 0; good && i < tokens * pooled * taps; i++)
        good = (uint64_t)((int64_t *)places.buf)[i] < (uint64_t)words;
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        gather(table.buf, ids.buf, places.buf, out.buf, batch, words, tokens, pooled, taps, width, rectified);
        Py_END_ALLOW_THREADS
    }
    release(4, all_of);
    if (good) Py_RETURN_NONE;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_IndexError, "a word or a place lies outside the arrays");
    return NULL;
}

static PyObject *py_has_bf16(PyObject *self, PyObject *args) {
#ifdef HAS_TILES
    return PyBool_FromLong(has_tiles());
#else
    Py_RETURN_FALSE;
#endif
}

static PyMethodDef methods[] = {
    {"has_bf16", py_has_bf16, METH_NOARGS, "has_bf16() -> bool: whether the processor multiplies bf16 in tiles."},
    {"packed_floats", py_packed_floats, METH_VARARGS, "packed_floats(outputs, inputs, bf16) -> size of a packed weight."},
    {"pack", py_pack, METH_VARARGS, "pack(weight, out, outputs, inputs, bf16)"},
    {"linear", py_linear, METH_VARARGS,
     "linear(x, packed, bias, residual, out, rows, inputs, outputs, with_gelu, bf16)"},
    {"layer_norm", py_layer_norm, METH_VARARGS, "layer_norm(x, weight, bias, out, rows, width)"},
    {"attention", py_attention, METH_VARARGS, "attention(qkv, out, batch, tokens, width, heads, bf16)"},
    {"gather", py_gather, METH_VARARGS,
     "gather(table, ids, places, out, batch, words, tokens, pooled, taps, width, rectified)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "The arithmetic of prediction, compiled.", -1,
                                    methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
