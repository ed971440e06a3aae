/* The few operations that all time goes into. */

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

function sigmoid(score) {
  return 1 / (1 + Math.exp(-score));
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
