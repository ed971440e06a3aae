/* The arithmetic of prediction, compiled: what kernels.py says in NumPy, with the element-wise work done where the
 * numbers already are, in registers and a core's first cache, instead of in a pass over memory for each operation.
 *
 * fp32 stands in _native_fp32.h, which is compiled for AVX-512, AVX2 and the baseline; the processor chooses at start.
 * bf16 needs a processor that multiplies it, by pairs (AVX512-BF16) or in tiles (AMX); choose_bf16() tells.
 * All arrays are C-contiguous float32; sizes are checked here, for a wrong one would write over memory.
 * The interpreter is let go during the work, so that threads run side by side.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define EPSILON 1e-5f /* added to the variance in a layer norm, as torch does */
#define MOST_ROWS 12  /* the largest ROWS below */
#define PANEL 16      /* outputs whose fp32 weights lie together */

INLINE long rounded_up(long count, long step) { return (count + step - 1) / step * step; }

typedef struct {
    const void *weight;    /* packed by pack() */
    const float *bias;     /* (outputs,) or NULL */
    const float *residual; /* (rows, outputs) or NULL: added last; may be `out` itself */
    float *out;            /* (rows, outputs) */
    long inputs, outputs;
    int with_gelu;
} Layer;

typedef struct {
    void (*linear)(const float *, const Layer *, long);
    void (*norm)(const float *, const float *, const float *, float *, long, long);
    void (*attention)(const float *, float *, long, long, long, long, float *);
    void (*gather)(const float *, const int64_t *, const int64_t *, float *, long, long, long, long, long, long, int);
} Functions;
#define FUNCTIONS {linear_fp32, norm_rows, attention_fp32, gather_tokens}

/* What stands in _native_fp32.h has a name of its own for each kind of processor; behind the inclusions these names mean
 * the last kind. */
#define vec NAME(vec)
#define ivec NAME(ivec)
#define load NAME(load)
#define store NAME(store)
#define all NAME(all)
#define larger NAME(larger)
#define smaller NAME(smaller)
#define sum NAME(sum)
#define largest NAME(largest)
#define first_lanes NAME(first_lanes)
#define load_part NAME(load_part)
#define store_part NAME(store_part)
#define load_upto NAME(load_upto)
#define store_upto NAME(store_upto)
#define exponential NAME(exponential)
#define gelu NAME(gelu)
#define finish NAME(finish)
#define some_rows NAME(some_rows)
#define linear_fp32 NAME(linear_fp32)
#define norm_rows NAME(norm_rows)
#define shares NAME(shares)
#define attend_fp32 NAME(attend_fp32)
#define attention_fp32 NAME(attention_fp32)
#define gather_tokens NAME(gather_tokens)

/* Any processor. */
#define LANES 4
#define ROWS 6
#define ON
#define NAME(x) x##_base
#include "_native_fp32.h"
static const Functions base = FUNCTIONS;

#if defined(__x86_64__)
#undef LANES
#undef ON
#undef NAME
#define LANES 8
#define ON __attribute__((target("avx2,fma")))
#define NAME(x) x##_avx2
#include "_native_fp32.h"
static const Functions avx2 = FUNCTIONS;

#undef LANES
#undef ROWS
#undef ON
#undef NAME
#define LANES 16
#define ROWS 12
#define ON __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define NAME(x) x##_avx512
#include "_native_fp32.h"
static const Functions avx512 = FUNCTIONS;
#endif

static const Functions *fp32 = &base;

#if defined(__x86_64__)
static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

/* The widest kind that the processor has, up to so many floats in a register; returns how many. */
static int choose(int lanes) {
    fp32 = &base;
#if defined(__x86_64__)
    if (lanes >= 16 && has_avx512()) fp32 = &avx512;
    else if (lanes >= 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        fp32 = &avx2;
    if (fp32 != &base) return fp32 == &avx512 ? 16 : 8;
#endif
    return 4;
}

/* ---- bf16, by pairs or in tiles: linear layers and attention ------------------------------------------------------- */

enum { NO_BF16, PAIRWISE, TILED };  /* how bf16 is multiplied */
static int bf16_kind = NO_BF16;

/* GCC knows the tile unit from version 11 on. */
#if defined(__x86_64__) && defined(__linux__) && (defined(__clang__) || __GNUC__ >= 11)
#define HAS_BF16
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ON_PAIRS __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define ON_TILES __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")))
#define PAIRS 16              /* pairs of bf16 in a row of a tile; a tile has 16 rows */
#define DEPTH (2 * PAIRS)     /* inputs that one tile product goes through */
#define BLOCK 32              /* rows and columns of sums that are kept in four tiles */
#define STRIP 8               /* rows of sums that are kept in registers where there are no tiles */
#define TILE (16 * DEPTH)     /* bf16 in a tile */

typedef uint16_t bf16;

INLINE bf16 rounded(float x) { /* to the nearest, ties to even */
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (bf16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/* Tiles 0-3: sums; 4-5: rows; 6-7: columns. All of 16 rows of 64 bytes. Constant, not on the stack: GCC 12 takes the
 * instruction to read eight bytes only, and leaves out writing the rest. */
static const struct { uint8_t palette, start, zeros[14]; uint16_t bytes[16]; uint8_t rows[16]; } TILES = {
    .palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

ON_TILES static void configure_tiles(void) { _tile_loadconfig(&TILES); }

ON_TILES static void release_tiles(void) { _tile_release(); }

/* Rows (count, size) at `stride` floats as bf16 rows of `padded`, a multiple of DEPTH; zeros up to `rows` rows. */
ON_PAIRS INLINE void to_bf16(const float *from, long stride, long count, long size, bf16 *to, long rows, long padded) {
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

ON_TILES static void multiply_tiles(const bf16 *rows, long stride, const bf16 *tiles, long apart, long depth,
                                    float *sums) {
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

ON_PAIRS static void multiply_pairs(const bf16 *rows, long stride, const bf16 *tiles, long apart, long depth, long count,
                                    float *sums) {
    for (long row = 0; row < count; row += STRIP, rows += STRIP * stride, sums += STRIP * BLOCK) {
        __m512 left[STRIP] = {{0}}, right[STRIP] = {{0}};
        for (long k = 0; k < depth; k += 2) { /* a tile lies behind another, pair by pair */
            __m512bh first = (__m512bh)_mm512_loadu_si512(tiles + k / 2 * DEPTH);
            __m512bh second = (__m512bh)_mm512_loadu_si512(tiles + k / 2 * DEPTH + apart);
            for (int r = 0; r < STRIP; r++) {
                int32_t pair;
                memcpy(&pair, rows + r * stride + k, 4);
                left[r] = _mm512_dpbf16_ps(left[r], (__m512bh)_mm512_set1_epi32(pair), first);
                right[r] = _mm512_dpbf16_ps(right[r], (__m512bh)_mm512_set1_epi32(pair), second);
            }
        }
        for (int r = 0; r < STRIP; r++) {
            _mm512_storeu_ps(sums + r * BLOCK, left[r]);
            _mm512_storeu_ps(sums + r * BLOCK + 16, right[r]);
        }
    }
}

/* Sums (BLOCK, BLOCK), of which `count` rows are wanted, of products of bf16 rows (BLOCK, depth) and of columns packed in
 * tiles, those of one 16 columns behind those of another `apart` further on. */
ON_PAIRS INLINE void multiply(const bf16 *rows, long stride, const bf16 *tiles, long apart, long depth, long count,
                              float *sums) {
    if (bf16_kind == TILED) multiply_tiles(rows, stride, tiles, apart, depth, sums);
    else multiply_pairs(rows, stride, tiles, apart, depth, count, sums);
}

/* Packed bf16 weights: for each 16 outputs, up to a multiple of BLOCK, the tiles of all inputs. */
ON_PAIRS static void linear_bf16(const float *x, const Layer *layer, long rows, bf16 *room) {
    long inputs = layer->inputs, depth = rounded_up(inputs, DEPTH), apart = 16 * depth;
    float sums[BLOCK * BLOCK] __attribute__((aligned(64)));
    if (bf16_kind == TILED) configure_tiles();
    for (long row = 0; row < rows; row += BLOCK) {
        long count = rows - row < BLOCK ? rows - row : BLOCK;
        to_bf16(x + row * inputs, inputs, count, inputs, room, BLOCK, depth);
        for (long column = 0; column < layer->outputs; column += BLOCK) {
            multiply(room, depth, (const bf16 *)layer->weight + column * depth, apart, depth, count, sums);
            for (long r = 0; r < count; r++)
                for (long c = 0; c < BLOCK && column + c < layer->outputs; c += LANES)
                    finish(layer, row + r, column + c, layer->outputs - column - c, load(sums + r * BLOCK + c));
        }
    }
    if (bf16_kind == TILED) release_tiles();
}

/* 16 x 16 numbers of 32 bits turned round, rows for columns: by pairs of 1, 2, 4 and 8. */
ON_PAIRS INLINE void transpose(__m512i row[16]) {
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
ON_PAIRS INLINE void pack_keys(const float *from, long stride, long count, long size, bf16 *tiles, long columns,
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
ON_PAIRS INLINE void pack_values(const float *from, long stride, long count, long size, bf16 *tiles, long columns,
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

ON_PAIRS static void attend_bf16(const float *qkv, float *out, long tokens, long width, long size, const Room *room,
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
            multiply(queries, room->size, keys + column * room->size, 16 * room->size, room->size, count, sums);
            for (long r = 0; r < count; r++)
                memcpy(scores + r * room->tokens + column, sums + r * BLOCK, 4 * BLOCK);
        }
        for (long r = 0; r < count; r++) totals[r] = 1.0f / shares(scores + r * room->tokens, tokens, scale);
        to_bf16(scores, room->tokens, count, rounded_up(tokens, LANES), share, BLOCK, room->tokens);
        for (long column = 0; column < size; column += BLOCK) {
            multiply(share, room->tokens, values + column * room->tokens, 16 * room->tokens, room->tokens, count, sums);
            for (long r = 0; r < count; r++)
                for (long c = 0; c < BLOCK && column + c < size; c += LANES)
                    store_upto(out + (row + r) * width + column + c, load(sums + r * BLOCK + c) * totals[r],
                               size - column - c);
        }
    }
}

ON_PAIRS static void attention_bf16(const float *qkv, float *out, long batch, long tokens, long width, long heads,
                                    const Room *room, char *memory) {
    long size = width / heads;
    if (bf16_kind == TILED) configure_tiles();
    for (long text = 0; text < batch; text++)
        for (long head = 0; head < heads; head++)
            attend_bf16(qkv + text * tokens * 3 * width + head * size, out + text * tokens * width + head * size, tokens,
                        width, size, room, memory);
    if (bf16_kind == TILED) release_tiles();
}

/* Whether the processor multiplies bf16 by pairs, and in tiles if the system lets this process use them. */
static int possible_bf16(void) {
    unsigned a, b, c, d;
    if (!has_avx512() || !__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a >> 5 & 1)) return NO_BF16; /* AVX512-BF16 */
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) return PAIRWISE; /* AMX-BF16, -TILE */
    return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */) == 0 ? TILED : PAIRWISE;
}
#endif

/* ---- the module --------------------------------------------------------------------------------------------------- */

#define MOST (1L << 28) /* of one size: the product of two, in bytes, is still a number */

/* Whether all sizes are possible, and bf16 if it is wanted; sets an error otherwise. */
static int possible(int count, const long *sizes, int bf) {
    for (int i = 0; i < count; i++)
        if (sizes[i] < 1 || sizes[i] > MOST) {
            PyErr_SetString(PyExc_ValueError, "a size is less than 1 or too large");
            return 0;
        }
    if (bf && !bf16_kind) PyErr_SetString(PyExc_ValueError, "bf16 is not to be had: ask choose_bf16() first");
    return !bf || bf16_kind;
}

/* Whether the buffers hold as many bytes as they must; sets an error otherwise. */
static int fits(int count, const Py_buffer *const *buffers, const double *floats) {
    for (int i = 0; i < count; i++)
        if (buffers[i]->buf && (double)buffers[i]->len < 4 * floats[i]) {
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
static long packed_floats(long outputs, long inputs, int bf) { /* sizes that are possible */
    return bf ? rounded_up(outputs, 32) * rounded_up(inputs, 32) / 2 : rounded_up(outputs, PANEL) * inputs;
}

static PyObject *py_packed_floats(PyObject *self, PyObject *args) {
    long outputs, inputs;
    int bf;
    if (!PyArg_ParseTuple(args, "llp", &outputs, &inputs, &bf)) return NULL;
    if (!possible(2, (long[]){outputs, inputs}, bf)) return NULL;
    return PyLong_FromLong(packed_floats(outputs, inputs, bf));
}

static PyObject *py_pack(PyObject *self, PyObject *args) {
    Py_buffer weight = {0}, out = {0}, *all_of[] = {&weight, &out};
    long outputs, inputs;
    int bf;
    if (!PyArg_ParseTuple(args, "y*w*llp", &weight, &out, &outputs, &inputs, &bf)) return NULL;
    const Py_buffer *checked[] = {&weight, &out};
    if (!possible(2, (long[]){outputs, inputs}, bf) ||
        !fits(2, checked, (double[]){(double)outputs * inputs, packed_floats(outputs, inputs, bf)})) {
        release(2, all_of);
        return NULL;
    }
    const float *from = weight.buf;
    memset(out.buf, 0, 4 * (size_t)packed_floats(outputs, inputs, bf));
    for (long n = 0; n < outputs; n++)
        for (long k = 0; k < inputs; k++) {
            float value = from[n * inputs + k];
            if (!bf) ((float *)out.buf)[n / PANEL * PANEL * inputs + k * PANEL + n % PANEL] = value;
#ifdef HAS_BF16
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
    double result = (double)rows * outputs;
    void *room = NULL;
    if (!possible(3, (long[]){rows, inputs, outputs}, bf) ||
        !fits(5, checked,
              (double[]){(double)rows * inputs, packed_floats(outputs, inputs, bf), outputs, result, result}) || (bf && !(room = malloc(2 * 32 * (size_t)rounded_up(inputs, 32) + 64)))) {
        release(5, all_of);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Layer layer = {weight.buf, bias.buf, residual.buf, out.buf, inputs, outputs, with_gelu};
    Py_BEGIN_ALLOW_THREADS
#ifdef HAS_BF16
    if (bf) linear_bf16(x.buf, &layer, rows, room);
    else
#endif
        fp32->linear(x.buf, &layer, rows);
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
    double size = (double)rows * width;
    int good = possible(2, (long[]){rows, width}, 0) && fits(4, checked, (double[]){size, width, width, size});
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        fp32->norm(x.buf, weight.buf, bias.buf, out.buf, rows, width);
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
    double result = (double)batch * tokens * width;
    if (!possible(4, (long[]){batch, tokens, width, heads}, bf) || !fits(2, checked, (double[]){3 * result, result})) {
        release(2, all_of);
        return NULL;
    }
    long size = width / heads, bytes = 4 * (size + MOST_ROWS) * rounded_up(tokens, 16);
#ifdef HAS_BF16
    Room room = attention_room(tokens, size);
    if (bf) bytes = room.bytes;
#endif
    char *memory = malloc((size_t)bytes + 64);
    if (!memory) {
        release(2, all_of);
        return PyErr_NoMemory();
    }
    char *aligned = memory + (64 - (uintptr_t)memory % 64) % 64;
    Py_BEGIN_ALLOW_THREADS
#ifdef HAS_BF16
    if (bf) attention_bf16(qkv.buf, out.buf, batch, tokens, width, heads, &room, aligned);
    else
#endif
        fp32->attention(qkv.buf, out.buf, batch, tokens, width, heads, (float *)aligned);
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
    double sizes[] = {2.0 * batch * words, 2.0 * tokens * pooled * taps, (double)batch * tokens * width};
    int good = possible(6, (long[]){batch, words, tokens, pooled, taps, width}, 0) && fits(3, checked, sizes);
    long rows = good ? table.len / (4 * width * taps) : 0;
    for (long i = 0; good && i < batch * words; i++) good = (uint64_t)((int64_t *)ids.buf)[i] < (uint64_t)rows;
    for (long i = 0; good && i < tokens * pooled * taps; i++)
        good = (uint64_t)((int64_t *)places.buf)[i] < (uint64_t)words;
    if (good) {
        Py_BEGIN_ALLOW_THREADS
        fp32->gather(table.buf, ids.buf, places.buf, out.buf, batch, words, tokens, pooled, taps, width, rectified);
        Py_END_ALLOW_THREADS
    }
    release(4, all_of);
    if (good) Py_RETURN_NONE;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_IndexError, "a word or a place lies outside the arrays");
    return NULL;
}

static PyObject *py_choose(PyObject *self, PyObject *args) {
    int lanes;
    if (!PyArg_ParseTuple(args, "i", &lanes)) return NULL;
    return PyLong_FromLong(choose(lanes));
}

static PyObject *py_choose_bf16(PyObject *self, PyObject *args) {
    int most;
    if (!PyArg_ParseTuple(args, "i", &most)) return NULL;
#ifdef HAS_BF16
    int had = possible_bf16();
    bf16_kind = had < most ? had : most;
#endif
    return PyLong_FromLong(bf16_kind);
}

static PyMethodDef methods[] = {
    {"choose_bf16", py_choose_bf16, METH_VARARGS,
     "choose_bf16(most) -> kind: multiply bf16 in tiles (2) or by pairs (1), as the processor can, or not at all (0)."},
    {"choose", py_choose, METH_VARARGS,
     "choose(lanes) -> lanes: compute fp32 with the widest registers that the processor has, up to so many floats."},
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

PyMODINIT_FUNC PyInit__native(void) {
    choose(16);
    return PyModule_Create(&module);
}
