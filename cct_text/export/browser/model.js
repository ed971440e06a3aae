"use strict";

/* The model, as cct_text/export/web_model.py packs it. */

/** Digits of base 85: those of RFC 1924, with / in place of <. */
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;/=>?@^_`{|}~";

/** What the page's text holds: the JSON, in which `arrays` are matrices by name. */
async function readModel(text) {
  const inflated = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const model = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  for (const [name, place] of Object.entries(model.arrays)) {
    model.arrays[name] = new Matrix(buffer, 4 + length, place);
  }
  return model;
}

/** Bytes of a text in base 85. Five characters are four bytes; of fewer at the end, one less than they are. */
function bytesOf(text) {
  const values = new Uint8Array(128);
  for (let digit = 0; digit < DIGITS.length; digit++) values[DIGITS.charCodeAt(digit)] = digit;
  const groups = Math.ceil(text.length / 5);
  const bytes = new DataView(new ArrayBuffer(4 * groups));
  for (let group = 0, at = 0; group < groups; group++) {
    let number = 0;
    for (const end = at + 5; at < end; at++) number = 85 * number + (at < text.length ? values[text.charCodeAt(at)] : 84);
    bytes.setUint32(4 * group, number);
  }
  return new Uint8Array(bytes.buffer, 0, Math.floor((4 * text.length) / 5));
}

/** Numbers in rows and columns, in float32, or in int8 with a scale for each row. A vector is one row. */
class Matrix {
  constructor(buffer, start, { shape: [rows, columns], values, scales }) {
    this.rows = rows;
    this.columns = columns;
    const Numbers = scales === null ? Float32Array : Int8Array;
    this.values = new Numbers(buffer, start + values, rows * columns);
    this.scales = scales === null ? null : new Float32Array(buffer, start + scales, rows);
  }

  /** A row in float32. */
  row(index) {
    const row = Float32Array.from(this.values.subarray(index * this.columns, (index + 1) * this.columns));
    if (this.scales !== null) {
      const scale = this.scales[index];
      for (let column = 0; column < row.length; column++) row[column] *= scale;
    }
    return row;
  }

  /** All rows in float32, one behind the other. */
  dense() {
    if (this.scales === null) return this.values;
    const dense = new Float32Array(this.rows * this.columns);
    for (let index = 0; index < this.rows; index++) dense.set(this.row(index), index * this.columns);
    return dense;
  }
}
