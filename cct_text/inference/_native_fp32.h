/* The arithmetic of prediction in fp32, for vectors of LANES floats. Included once for each kind of processor, with
 *     LANES    floats in a register: 4, 8 or 16
 *     ROWS     rows of a product that are summed up together, as many as there are registers for
 *     ON       the attribute of functions that use the processor's instructions
 *     NAME(x)  what x is called for this kind
 * Vectors are GCC's and clang's own, so all of this is plain C.
 */
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

ON INLINE vec load(const float *from) { vec v; memcpy(&v, from, sizeof v); return v; }
ON INLINE void store(float *to, vec v) { memcpy(to, &v, sizeof v); }
ON INLINE vec all(float x) { return x - (vec){0}; }
ON INLINE vec larger(vec a, vec b) { ivec m = a > b; return (vec)(((ivec)a & m) | ((ivec)b & ~m)); }
ON INLINE vec smaller(vec a, vec b) { ivec m = a < b; return (vec)(((ivec)a & m) | ((ivec)b & ~m)); }
ON INLINE float sum(vec v) {
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += v[lane];
    return total;
}
ON INLINE float largest(vec v) {
    float most = v[0];
    for (int lane = 1; lane < LANES; lane++) most = v[lane] > most ? v[lane] : most;
    return most;
}

/* v with 0 in its lanes from `count` on. */
ON INLINE vec first_lanes(vec v, long count) {
    ivec lane;
    for (int i = 0; i < LANES; i++) lane[i] = i;
    return (vec)((ivec)v & (lane < (ivec){0} + (int32_t)count));
}

/* The first `count` floats, 0 behind them. */
ON INLINE vec load_part(const float *from, long count) { vec v = {0}; memcpy(&v, from, 4 * (size_t)count); return v; }
ON INLINE void store_part(float *to, vec v, long count) { memcpy(to, &v, 4 * (size_t)count); }
ON INLINE vec load_upto(const float *from, long count) { return count >= LANES ? load(from) : load_part(from, count); }
ON INLINE void store_upto(float *to, vec v, long count) { if (count >= LANES) store(to, v); else store_part(to, v, count); }

/* e^x for x <= 0, within 2e-7 of it: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes). */
ON INLINE vec exponential(vec x) {
    x = larger(all(-87.0f), x); /* in this order what is no number stays none */
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
ON INLINE vec gelu(vec x) {
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

/* What is left to do with the sums of one row at outputs `column` and behind, of which `count` exist. */
ON INLINE void finish(const Layer *layer, long row, long column, long count, vec sums) {
    if (layer->bias) sums += load_upto(layer->bias + column, count);
    if (layer->with_gelu) sums = gelu(sums);
    long place = row * layer->outputs + column;
    if (layer->residual) sums += load_upto(layer->residual + place, count);
    store_upto(layer->out + place, sums, count);
}

#define TOGETHER (LANES < PANEL / 2 ? 2 : PANEL / LANES) /* vectors of a panel that are summed up together */

/* Packed fp32 weights: for each PANEL outputs a panel (inputs, PANEL). */
ON INLINE void some_rows(const float *x, const Layer *layer, long row, int rows) {
    long inputs = layer->inputs;
    for (long column = 0; column < layer->outputs; column += TOGETHER * LANES) {
        const float *panel = (const float *)layer->weight + column / PANEL * PANEL * inputs + column % PANEL;
        vec sums[ROWS][TOGETHER] = {{{0}}};
        for (long k = 0; k < inputs; k++)
            for (int v = 0; v < TOGETHER; v++) {
                vec weight = load(panel + k * PANEL + v * LANES);
                for (int r = 0; r < rows; r++) sums[r][v] += x[(row + r) * inputs + k] * weight;
            }
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < TOGETHER && column + v * LANES < layer->outputs; v++)
                finish(layer, row + r, column + v * LANES, layer->outputs - column - v * LANES, sums[r][v]);
    }
}

ON static void linear_fp32(const float *x, const Layer *layer, long rows) {
    long row = 0;
    for (; row + ROWS <= rows; row += ROWS) some_rows(x, layer, row, ROWS);
    for (; row < rows; row++) some_rows(x, layer, row, 1);
}
#undef TOGETHER

/* ---- layer norm ------------------------------------------------------------------------------------------------- */

ON static void norm_rows(const float *x, const float *weight, const float *bias, float *out, long rows,
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
ON INLINE float shares(float *scores, long tokens, float scale) {
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

/* qkv (T, 3 D) of one text; keys: room for (size, padded T); scores: room for ROWS padded rows. */
ON INLINE void attend_fp32(const float *qkv, float *out, long tokens, long width, long size, long head, float *keys,
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

ON static void attention_fp32(const float *qkv, float *out, long batch, long tokens, long width,
                                             long heads, float *room) {
    long size = width / heads, padded = rounded_up(tokens, LANES);
    for (long text = 0; text < batch; text++)
        for (long head = 0; head < heads; head++)
            attend_fp32(qkv + text * tokens * 3 * width, out + text * tokens * width, tokens, width, size, head, room,
                        room + size * padded);
}

/* ---- words to tokens -------------------------------------------------------------------------------------------- */

/* out (B, T, D): sums of table rows; of the `pooled` sums of a token the largest, and 0 if that is less.
 * ids (B, S) of padded texts; places (T, pooled, taps) in a text; the table has `taps` rows for each word. */
ON static void gather_tokens(const float *table, const int64_t *ids, const int64_t *places, float *out, long batch,
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
