// Results as files: text, label and probability of each row; of a model that gives several labels, all of them.

import { labelsOf } from "./results.js";

/** An apostrophe before what a spreadsheet would take for a formula, as `--guard-formulas` writes it. */
const guarded = (value) => (/^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value);

/** As the library writes CSV: quoted where it must be, LF at the end of a row, six decimals. */
export function asCsv(rows, separator, { guard = false } = {}) {
  const cell = guard ? guarded : (value) => value;
  const quoted = (value) => (value === "" || /[",\t\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const shares = (row) => labelsOf(row).map((label) => row.probabilities[label].toFixed(6)).join(separator);
  const cells = (row) => [cell(row.text), labelsOf(row).map(cell).join(separator), shares(row)];
  const lines = rows.map((row) => cells(row).map(quoted).join(","));
  return ["text,label,probability", ...lines, ""].join("\n");
}

/** An object on each line; those labels that are known with their probabilities. */
export function asJsonLines(rows) {
  const objects = rows.map(({ text, label, labels, probabilities }) => ({
    text,
    label: labels ?? label,
    probability: labels ? labels.map((one) => probabilities[one]) : probabilities[label],
    probabilities,
  }));
  return objects.map((object) => `${JSON.stringify(object)}\n`).join("");
}

/** Let the browser save a file. */
export function offer(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
