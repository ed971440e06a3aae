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

  /** The windows that see something real. */
  seen({ first, last }) {
    return {
      first: Math.max(0, Math.ceil((first + this.padding - this.kernel + 1) / this.stride)),
      last: Math.floor((last + this.padding) / this.stride),
    };
  }

  /** What lies under the windows that see something: each real input's place, under which window and at which tap of it,
   *  windows and places counted from the first. Pads lie around the real ones and add nothing. */
  *inputs(real, seen) {
    for (let window = seen.first; window <= seen.last; window++) {
      const start = window * this.stride - this.padding;
      for (let tap = 0; tap < this.kernel; tap++) {
        const input = start + tap;
        if (input < real.first || input > real.last) continue;
        yield { window: window - seen.first, tap, place: input - real.first };
      }
    }
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
      if (this.maxPool) [start, step, size] = [start - step, 2 * step, size + step];
    }
    return { start, step, size };
  }

  /** Tokens (T, D) of windows (W, D), and which they are. Windows that are pooled are rectified, so that one which sees
   *  nothing real, and would hold zeros, is never the larger one. */
  pooled(sums, seen) {
    const real = this.after(seen);
    if (this.overlapping) for (let index = 0; index < sums.length; index++) sums[index] = Math.max(sums[index], 0);
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
