/* The network, for one text at a time: cct_text/inference/engine.py and folding.py, without batches.
   Notation: S words, T tokens, P kernel, D width, H heads, C classes, F labels that are learned. */

class Network {
  constructor(model) {
    const { arrays, architecture } = model;
    this.model = model;
    this.architecture = architecture;
    this.windows = new Windows(architecture);
    this.words = arrays.words;
    this.taps = arrays.taps && linearOf(arrays.taps);
    this.folded = new Map(); // rows (P, D) by word, made when the word is first met
    this.convolutions = [];
    for (let layer = 1; layer < architecture.conv_layers; layer++) {
      this.convolutions.push(linearOf(arrays[`convolution.${layer}`]));
    }
    this.classToken = arrays.class_token?.dense();
    this.positions = arrays["position_embedding.positions"]?.dense();
    this.blocks = [];
    for (let layer = 0; layer < architecture.layers; layer++) this.blocks.push(blockOf(arrays, `encoder.blocks.${layer}.`));
    this.norm = normOf(arrays, "encoder.norm");
    this.score = arrays["pooling.score.weight"]?.dense();
    this.head = linearOf(arrays["head.weight"], arrays["head.bias"]);
  }

  /** What is said of the ids (S) of a text's words: logits (C), divided by the temperature, and how much each word counts
   *  in the pooling, (S), summing to 1. */
  run(ids) {
    const { max_words: maxWords, long } = this.model;
    const tail = long === "head-tail" ? Math.floor(maxWords / 2) : 0;
    const isRead = (place) => place < maxWords - tail || place >= ids.length - tail;
    const read = ids.filter((_, place) => isRead(place));
    const { pooled, tokenWeights } = this.pooled(read);
    const wordWeights = new Float64Array(ids.length);
    const weights = this.wordWeights(tokenWeights, read.length);
    let next = 0;
    for (let place = 0; place < ids.length; place++) if (isRead(place)) wordWeights[place] = weights[next++];
    const logits = this.ofClasses(linear(pooled, 1, this.head));
    return { logits: logits.map((logit) => logit / this.model.temperature), wordWeights };
  }

  /** The vector (D) of a text, and how much each of its real tokens counts, (T). */
  pooled(ids) {
    const { width, heads, pooling } = this.architecture;
    const { epsilon, tie } = this.model;
    let x = this.embedded(ids); // (T, D)
    const tokens = x.length / width;
    if (tokens === 0) return { pooled: new Float32Array(width), tokenWeights: [] };
    let attended;
    for (const block of this.blocks) ({ x, attended } = forward(block, x, tokens, heads, epsilon));
    x = layerNorm(x, tokens, this.norm, epsilon);
    if (pooling === "class-token") return { pooled: x.slice(0, width), tokenWeights: attended.slice(1) };
    if (pooling === "max") return maxPool(x, tokens, tie);
    const tokenWeights = new Float64Array(tokens).fill(1 / tokens);
    if (pooling === "seqpool") {
      for (let token = 0; token < tokens; token++) tokenWeights[token] = dot(x, token * width, this.score, 0, width);
      softmax(tokenWeights);
    }
    const pooled = new Float32Array(width);
    for (let token = 0; token < tokens; token++) add(pooled, 0, x, token * width, width, tokenWeights[token]);
    return { pooled, tokenWeights };
  }

  /** What enters the encoder, (T, D), class token and positions included. */
  embedded(ids) {
    const { width } = this.architecture;
    const { x: tokens, first } = this.tokens(ids);
    const before = this.classToken ? 1 : 0;
    const x = new Float32Array(before * width + tokens.length);
    if (this.classToken) x.set(this.classToken);
    x.set(tokens, before * width);
    for (let token = 0; token * width < x.length; token++) {
      this.addPosition(x, token, token < before ? token : token + first);
    }
    return x;
  }

  addPosition(x, token, position) {
    const { width, positions } = this.architecture;
    if (positions === "learnable") add(x, token * width, this.positions, position * width, width, 1);
    if (positions !== "sine") return;
    for (let column = 0; column < width; column++) {
      const angle = position * 10000 ** ((-2 * Math.floor(column / 2)) / width);
      x[token * width + column] += column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }

  /** Real tokens (T, D) of a text, and which token the first of them is. */
  tokens(ids) {
    const { width, kernel, overlapping } = this.windows;
    const { conv_layers: layers } = this.architecture;
    let real = { first: 0, last: ids.length - 1 };
    if (!ids.length) return { x: new Float32Array(0), first: 0 };
    let x = new Float32Array(0);
    this.fold(ids);
    const rows = ids.map((id) => this.folded.get(id)); // (P, D) each; (D) without a convolution
    if (layers === 0) {
      x = new Float32Array(rows.length * width);
      rows.forEach((row, word) => x.set(row, word * width));
    }
    for (let layer = 0; layer < layers; layer++) {
      const seen = this.windows.seen(real);
      const count = seen.last + 1 - seen.first;
      let sums = new Float32Array(count * width);
      const side = layer > 0 && new Float32Array(count * kernel * width); // what lies under each window, side by side
      for (let window = 0; window < count; window++) {
        const start = this.windows.start(seen.first + window) - real.first;
        for (let tap = 0; tap < kernel; tap++) {
          const place = start + tap;
          if (place < 0 || place > real.last - real.first) continue; // a pad, which adds nothing
          if (layer === 0) add(sums, window * width, rows[place], tap * width, width, 1);
          else side.set(x.subarray(place * width, (place + 1) * width), (window * kernel + tap) * width);
        }
      }
      if (layer > 0) sums = linear(side, count, this.convolutions[layer - 1]);
      if (overlapping) for (let index = 0; index < sums.length; index++) sums[index] = Math.max(sums[index], 0);
      ({ x, real } = this.windows.pooled(sums, seen));
    }
    return { x, first: real.first };
  }

  /** See that what each of these words adds to a window by its place in it, (P, D), is in `folded`. */
  fold(ids) {
    const unmet = [...new Set(ids)].filter((id) => !this.folded.has(id));
    const { columns } = this.words;
    let rows = new Float32Array(unmet.length * columns);
    unmet.forEach((id, index) => rows.set(this.words.row(id), index * columns));
    if (this.taps) rows = linear(rows, unmet.length, this.taps);
    const size = rows.length / unmet.length;
    unmet.forEach((id, index) => this.folded.set(id, rows.subarray(index * size, (index + 1) * size)));
  }

  /** Weights of tokens (T) as weights of words (S): each is shared equally among the words in its receptive field. */
  wordWeights(tokenWeights, words) {
    const weights = new Float64Array(words);
    if (!words) return weights;
    const { start, step, size } = this.windows.field();
    const { first } = this.windows.real(words);
    tokenWeights.forEach((weight, token) => {
      const begin = start + (first + token) * step;
      const from = Math.max(0, begin);
      const to = Math.min(words, begin + size);
      for (let word = from; word < to; word++) weights[word] += weight / (to - from);
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  }

  /** Logits of the labels that are learned, (F), as those of classes, (C): sums of their labels' probabilities. */
  ofClasses(logits) {
    const { class_of_label: classOf, labels } = this.model;
    if (classOf === null) return Float64Array.from(logits);
    return Float64Array.from(labels, (_, index) => {
      const own = [...logits].filter((_, label) => classOf[label] === index);
      const largest = Math.max(...own);
      return largest + Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    });
  }
}

/** The windows of the conv tokenizer in numbers, as cct_text/model/geometry.py has them. */
class Windows {
  constructor({ kernels, conv_layers: layers, overlapping, max_pool: maxPool, width }) {
    this.kernel = Math.max(...kernels);
    this.layers = layers;
    this.overlapping = overlapping;
    this.maxPool = maxPool;
    this.width = width;
    this.stride = overlapping ? Math.max(1, Math.floor(this.kernel / 2) - 1) : this.kernel;
    this.padding = overlapping ? Math.max(1, Math.floor(this.kernel / 2)) : 0;
  }

  /** The first input under a window; pads lie before 0. */
  start(window) {
    return window * this.stride - this.padding;
  }

  /** The windows that see something real. */
  seen({ first, last }) {
    return {
      first: Math.max(0, Math.ceil((first + this.padding - this.kernel + 1) / this.stride)),
      last: Math.floor((last + this.padding) / this.stride),
    };
  }

  /** The tokens that windows become: themselves, or the maximum of each two. */
  after({ first, last }) {
    return this.maxPool ? { first: Math.floor((first + 1) / 2), last: Math.floor((last + 1) / 2) } : { first, last };
  }

  /** The real tokens of S words. */
  real(words) {
    let real = { first: 0, last: words - 1 };
    for (let layer = 0; layer < this.layers; layer++) real = this.after(this.seen(real));
    return real;
  }

  /** The receptive field of token t: `size` words from `start` + t `step` on. */
  field() {
    let [start, step, size] = [0, 1, 1];
    for (let layer = 0; layer < this.layers; layer++) {
      [start, step, size] = [start - this.padding * step, step * this.stride, size + (this.kernel - 1) * step];
      if (this.maxPool) [start, step, size] = [start - step, step * 2, size + step];
    }
    return { start, step, size };
  }

  /** Tokens (T, D) of rectified windows (W, D), and which they are. A window that sees nothing real holds zeros. */
  pooled(sums, seen) {
    const real = this.after(seen);
    if (!this.maxPool) return { x: sums, real };
    const { width } = this;
    const x = new Float32Array((real.last + 1 - real.first) * width);
    for (let window = seen.first; window <= seen.last; window++) {
      const token = Math.floor((window + 1) / 2) - real.first;
      for (let column = 0; column < width; column++) {
        const sum = sums[(window - seen.first) * width + column];
        if (sum > x[token * width + column]) x[token * width + column] = sum;
      }
    }
    return { x, real };
  }
}

/** One encoder block over tokens (T, D); `attended` (T) is how much its first token attends to each. The second norm stands
 *  on the residual stream, not beside it: that is the published order. */
function forward(block, x, tokens, heads, epsilon) {
  const qkv = linear(layerNorm(x, tokens, block.norm1, epsilon), tokens, block.qkv); // (T, 3 D)
  const { output, attended } = attention(qkv, tokens, heads);
  x = sum(linear(output, tokens, block.projection), x);
  x = layerNorm(x, tokens, block.norm2, epsilon);
  return { x: sum(linear(gelu(linear(x, tokens, block.mlpIn)), tokens, block.mlpOut), x), attended };
}

/** softmax(Q K^T / sqrt(D / H)) V: (T, D) of queries, keys and values (T, 3 D); and the first query's weights, (T). */
function attention(qkv, tokens, heads) {
  const width = qkv.length / tokens / 3;
  const size = width / heads;
  const output = new Float32Array(tokens * width);
  const attended = new Float64Array(tokens);
  for (let head = 0; head < heads; head++) {
    const query = new Float32Array(tokens * size); // (T, D / H)
    const key = new Float32Array(tokens * size); // (T, D / H)
    const value = new Float32Array(size * tokens); // (D / H, T)
    for (let token = 0; token < tokens; token++) {
      for (let column = 0; column < size; column++) {
        const at = 3 * width * token + size * head + column;
        query[token * size + column] = qkv[at] * size ** -0.5;
        key[token * size + column] = qkv[at + width];
        value[column * tokens + token] = qkv[at + 2 * width];
      }
    }
    const weights = linear(query, tokens, { weight: key, inputs: size, outputs: tokens }); // (T, T)
    for (let start = 0; start < weights.length; start += tokens) softmax(weights.subarray(start, start + tokens));
    const together = linear(weights, tokens, { weight: value, inputs: tokens, outputs: size }); // (T, D / H)
    for (let token = 0; token < tokens; token++) {
      output.set(together.subarray(token * size, (token + 1) * size), token * width + size * head);
      attended[token] += weights[token] / heads;
    }
  }
  return { output, attended };
}

/** The largest of all tokens in each column, (D); and in which share of the columns each token is the largest, (T). */
function maxPool(x, tokens, tie) {
  const width = x.length / tokens;
  const pooled = x.slice(0, width);
  x.forEach((value, index) => (pooled[index % width] = Math.max(pooled[index % width], value)));
  const tokenWeights = new Float64Array(tokens);
  for (let column = 0; column < width; column++) {
    const least = pooled[column] - tie * Math.max(1, Math.abs(pooled[column]));
    const holders = [];
    for (let token = 0; token < tokens; token++) if (x[token * width + column] >= least) holders.push(token);
    for (const token of holders) tokenWeights[token] += 1 / holders.length / width;
  }
  return { pooled, tokenWeights };
}

/** Rows (R, outputs) of rows (R, inputs), by a weight (outputs, inputs).
 *
 *  Two rows and four outputs at a time, so that a number that is read serves several products. At the ends the last row and
 *  the last output stand in for those that are not there. */
function linear(x, rows, { weight, bias, inputs, outputs }) {
  const y = new Float32Array(rows * outputs);
  for (let output = 0; output < outputs; output += 4) {
    const last = outputs - 1;
    const [o1, o2, o3] = [Math.min(output + 1, last), Math.min(output + 2, last), Math.min(output + 3, last)];
    const [w0, w1, w2, w3] = [output * inputs, o1 * inputs, o2 * inputs, o3 * inputs];
    for (let row = 0; row < rows; row += 2) {
      const other = Math.min(row + 1, rows - 1);
      const [x0, x1] = [row * inputs, other * inputs];
      let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let input = 0; input < inputs; input++) {
        const a = x[x0 + input];
        const b = x[x1 + input];
        const u0 = weight[w0 + input];
        const u1 = weight[w1 + input];
        const u2 = weight[w2 + input];
        const u3 = weight[w3 + input];
        a0 += a * u0;
        a1 += a * u1;
        a2 += a * u2;
        a3 += a * u3;
        b0 += b * u0;
        b1 += b * u1;
        b2 += b * u2;
        b3 += b * u3;
      }
      const [y0, y1] = [row * outputs, other * outputs];
      y[y0 + output] = a0;
      y[y0 + o1] = a1;
      y[y0 + o2] = a2;
      y[y0 + o3] = a3;
      y[y1 + output] = b0;
      y[y1 + o1] = b1;
      y[y1 + o2] = b2;
      y[y1 + o3] = b3;
    }
  }
  if (bias) for (let row = 0; row < rows; row++) add(y, row * outputs, bias, 0, outputs, 1);
  return y;
}

function layerNorm(x, rows, { weight, bias }, epsilon) {
  const width = weight.length;
  const y = new Float32Array(x.length);
  for (let start = 0; start < rows * width; start += width) {
    let mean = 0;
    for (let column = 0; column < width; column++) mean += x[start + column] / width;
    let variance = epsilon;
    for (let column = 0; column < width; column++) variance += (x[start + column] - mean) ** 2 / width;
    const scale = 1 / Math.sqrt(variance);
    for (let column = 0; column < width; column++) {
      y[start + column] = (x[start + column] - mean) * scale * weight[column] + bias[column];
    }
  }
  return y;
}

/** x Phi(x), in place; the error function within 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
function gelu(x) {
  for (let index = 0; index < x.length; index++) {
    const z = Math.abs(x[index]) * Math.SQRT1_2;
    const t = 1 / (1 + 0.3275911 * z);
    const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    const erf = 1 - series * Math.exp(-z * z);
    x[index] *= 0.5 * (1 + (x[index] < 0 ? -erf : erf));
  }
  return x;
}

/** In place. */
function softmax(scores) {
  let largest = -Infinity;
  for (let index = 0; index < scores.length; index++) largest = Math.max(largest, scores[index]);
  let total = 0;
  for (let index = 0; index < scores.length; index++) total += scores[index] = Math.exp(scores[index] - largest);
  for (let index = 0; index < scores.length; index++) scores[index] /= total;
  return scores;
}

function dot(a, i, b, j, count) {
  let total = 0;
  for (let index = 0; index < count; index++) total += a[i + index] * b[j + index];
  return total;
}

/** y[i ...] += factor x[j ...] */
function add(y, i, x, j, count, factor) {
  for (let index = 0; index < count; index++) y[i + index] += factor * x[j + index];
}

/** x + y, in x. */
function sum(x, y) {
  for (let index = 0; index < x.length; index++) x[index] += y[index];
  return x;
}

function linearOf(weight, bias) {
  return { weight: weight.dense(), bias: bias && bias.dense(), inputs: weight.columns, outputs: weight.rows };
}

function normOf(arrays, name) {
  return { weight: arrays[`${name}.weight`].dense(), bias: arrays[`${name}.bias`].dense() };
}

function blockOf(arrays, name) {
  const layer = (part) => linearOf(arrays[`${name}${part}.weight`], arrays[`${name}${part}.bias`]);
  return {
    norm1: normOf(arrays, `${name}norm1`),
    qkv: layer("attention.qkv"),
    projection: layer("attention.projection"),
    norm2: normOf(arrays, `${name}norm2`),
    mlpIn: layer("mlp.0"),
    mlpOut: layer("mlp.3"),
  };
}
