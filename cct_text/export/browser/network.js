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
    this.vocabulary = model.words.length;
    const key = ([first, second]) => first * this.vocabulary + second;
    this.bigrams = new Map(model.bigrams.map((pair, index) => [key(pair), this.vocabulary + index]));
    this.folded = new Map(); // rows (P, D) of the words that were met
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
    const chunks = this.chunks(ids.length);
    const wordWeights = new Float64Array(ids.length);
    let logits;
    for (const places of chunks) {
      const { pooled, tokenWeights } = this.pooled(this.withBigrams(places.map((place) => ids[place])));
      const weights = this.wordWeights(tokenWeights, places.length);
      places.forEach((place, word) => (wordWeights[place] = weights[word] / chunks.length));
      const ofChunk = this.ofClasses(linear(pooled, 1, this.head)).map((logit) => logit / chunks.length);
      logits = logits ? logits.map((logit, label) => logit + ofChunk[label]) : ofChunk;
    }
    return { logits: logits.map((logit) => logit / this.model.temperature), wordWeights };
  }

  /** Which words are read of a text of so many, chunk by chunk: chunks_of_text of cct_text/text/encoded.py. */
  chunks(words) {
    const { max_words: maxWords, long } = this.model;
    const places = Array.from({ length: words }, (_, place) => place);
    if (long === "chunks") {
      const count = Math.max(1, Math.ceil(words / maxWords));
      const start = (chunk) => Math.floor((chunk * words) / count);
      return Array.from({ length: count }, (_, chunk) => places.slice(start(chunk), start(chunk + 1)));
    }
    const tail = long === "head-tail" ? Math.floor(maxWords / 2) : 0;
    return [places.filter((place) => place < maxWords - tail || place >= words - tail)];
  }

  /** Ids of words (S), the first of each pair that is a bigram given its id: cct_text/text/bigrams.py. */
  withBigrams(ids) {
    return ids.map((id, place) => this.bigrams.get(id * this.vocabulary + ids[place + 1]) ?? id);
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
    if (!ids.length) return { x: new Float32Array(0), first: 0 };
    let real = { first: 0, last: ids.length - 1 };
    let x = this.rows(ids); // (S, P, D); without a convolution (S, D), the tokens
    for (let layer = 0; layer < this.windows.layers; layer++) {
      const seen = this.windows.seen(real);
      const sums = layer === 0 ? this.gathered(x, real, seen) : this.convolved(x, real, seen, layer);
      ({ x, real } = this.windows.pooled(sums, seen));
    }
    return { x, first: real.first };
  }

  /** Windows (W, D) of words whose rows are (S, P, D): what each of a window's words adds to it by its place. */
  gathered(rows, real, seen) {
    const { kernel, width } = this.windows;
    const sums = new Float32Array((seen.last + 1 - seen.first) * width);
    for (const { window, tap, place } of this.windows.inputs(real, seen)) {
      add(sums, window * width, rows, (place * kernel + tap) * width, width, 1);
    }
    return sums;
  }

  /** Windows (W, D) of tokens (T, D), by the convolution of a further layer. */
  convolved(x, real, seen, layer) {
    const { kernel, width } = this.windows;
    const count = seen.last + 1 - seen.first;
    const side = new Float32Array(count * kernel * width); // a window's tokens side by side
    for (const { window, tap, place } of this.windows.inputs(real, seen)) {
      side.set(x.subarray(place * width, (place + 1) * width), (window * kernel + tap) * width);
    }
    return linear(side, count, this.convolutions[layer - 1]);
  }

  /** What words add to a window by their place in it, (S, P, D); each word is multiplied with the taps but once. */
  rows(ids) {
    const { columns } = this.words;
    const unmet = [...new Set(ids)].filter((id) => !this.folded.has(id));
    let made = new Float32Array(unmet.length * columns);
    unmet.forEach((id, index) => made.set(this.words.row(id), index * columns));
    if (this.taps) made = linear(made, unmet.length, this.taps);
    const size = this.taps ? this.taps.outputs : columns;
    unmet.forEach((id, index) => this.folded.set(id, made.subarray(index * size, (index + 1) * size)));
    const rows = new Float32Array(ids.length * size);
    ids.forEach((id, word) => rows.set(this.folded.get(id), word * size));
    return rows;
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
