/* What is shown of predictions, as elements of the page; texts become text nodes and never markup. */

/** Labels of one text; the rest is a click away. */
const LABELS_SHOWN = 10;
/** Rows of the table; the CSV has all. */
const ROWS_SHOWN = 500;
const UNKNOWN_SHOWN = 8;
const NO_LABEL = "no label";

/** What is said of one text. */
function oneResult(result, classifier) {
  const ranked = classifier.labels
    .map((label, index) => ({ label, probability: result.probabilities[index] }))
    .sort((one, other) => other.probability - one.probability);
  const more = ranked.slice(LABELS_SHOWN);
  return [
    ...result.said.map(({ label, probability }) =>
      element("h2", { className: "label" }, label, element("span", {}, percent(probability))),
    ),
    ...(result.said.length ? [] : [element("h2", { className: "label" }, NO_LABEL)]),
    probabilityTable(ranked.slice(0, LABELS_SHOWN)),
    ...(more.length ? [element("details", {}, element("summary", {}, `${more.length} more`), probabilityTable(more))] : []),
    element("h2", {}, "Where it looked"),
    element("p", { className: "shaded", dir: "auto" }, ...shaded(result)),
    element("p", { className: "note" }, remarks(result, classifier).join(" ")),
  ];
}

/** What is said of several texts. */
function manyResults(results, classifier) {
  const hidden = results.length - ROWS_SHOWN;
  const counts = classifier.labels
    .map((label) => ({ label, count: results.filter(({ said }) => said.some((one) => one.label === label)).length }))
    .concat({ label: NO_LABEL, count: results.filter(({ said }) => !said.length).length })
    .filter(({ count }) => count)
    .sort((one, other) => other.count - one.count);
  const rows = results
    .slice(0, ROWS_SHOWN)
    .map((result) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, named(result)),
        element("td", {}, result.said.map(({ probability }) => percent(probability)).join(", ")),
        element("td", { className: "shaded", dir: "auto" }, ...shaded(result)),
      ),
    );
  const guard = element("input", { type: "checkbox" });
  const save = () => download(results, classifier.separator, { guard: guard.checked });
  const head = ["label", "probability", "text"].map((name) => element("th", { scope: "col" }, name));
  return [
    element("h2", {}, `${results.length.toLocaleString("en")} texts`),
    element("p", {}, counts.map(({ label, count }) => `${label} ${count.toLocaleString("en")}`).join(", ")),
    element("p", {}, element("button", { type: "button", onclick: save }, "Download CSV")),
    element("p", { className: "option" }, element("label", {}, guard, "CSV without formulas, for spreadsheets")),
    element(
      "table",
      { className: "results" },
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows),
    ),
    ...(hidden > 0 ? [element("p", { className: "note" }, `${hidden.toLocaleString("en")} more rows are in the CSV.`)] : []),
  ];
}

/** The labels that are said of a text, in words. */
function named({ said }) {
  return said.map(({ label }) => label).join(", ") || NO_LABEL;
}

function probabilityTable(ranked) {
  const rows = ranked.map(({ label, probability }) => {
    const bar = element("div", { className: "bar" });
    bar.style.setProperty("--share", probability);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, label),
      element("td", { ariaHidden: "true" }, bar),
      element("td", {}, percent(probability)),
    );
  });
  return element("table", { className: "probabilities", ariaLabel: "Probabilities" }, element("tbody", {}, ...rows));
}

/** The text, its words marked by their weight as a share of the largest; those that are not read have none. */
function shaded({ text, words }) {
  const largest = words.reduce((most, { weight }) => Math.max(most, weight), 0);
  const parts = [];
  let done = 0;
  for (const { start, end, weight } of words) {
    if (!weight) continue;
    if (start > done) parts.push(text.slice(done, start));
    const mark = element("mark", {}, text.slice(Math.max(done, start), end));
    mark.style.setProperty("--weight", (weight / largest).toFixed(2));
    parts.push(mark);
    done = Math.max(done, end);
  }
  return [...parts, text.slice(done)];
}

/** What one should know about how a text was read. */
function remarks({ words }, { maxWords, network }) {
  const unknown = [...new Set(words.filter(({ id }) => id === UNK).map(({ word }) => word))];
  const told = [words.length === 1 ? "1 word." : `${words.length.toLocaleString("en")} words.`];
  if (words.length > maxWords && network.model.long !== "chunks") {
    const which = network.model.long === "head" ? "first" : "first and last";
    told.push(`Only the ${which} ${maxWords.toLocaleString("en")} are read.`);
  }
  if (unknown.length) {
    const more = unknown.length > UNKNOWN_SHOWN ? ` and ${unknown.length - UNKNOWN_SHOWN} more` : "";
    told.push(`Not in the vocabulary: ${unknown.slice(0, UNKNOWN_SHOWN).join(" ")}${more}.`);
  }
  return told;
}

/** Results as `cct-text predict` writes them to a CSV file, with the texts beside them. */
function csvOf(results, separator, { guard }) {
  const cell = guard ? guarded : (value) => value;
  const labels = (said) => said.map(({ label }) => cell(label)).join(separator);
  const shares = (said) => said.map(({ probability }) => probability.toFixed(6)).join(separator);
  const rows = results.map(({ text, said }) => [cell(text), labels(said), shares(said)]);
  return [["text", "label", "probability"], ...rows].map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

/** An apostrophe before what a spreadsheet would take for a formula, as `--guard-formulas` writes it. */
function guarded(value) {
  return /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
}

function quoted(value) {
  return value === "" || /[",\t\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** Give the browser a file to save. */
function download(results, separator, how) {
  // The mark in front tells spreadsheets that it is UTF-8.
  const url = URL.createObjectURL(new Blob(["\ufeff", csvOf(results, separator, how)], { type: "text/csv" }));
  element("a", { href: url, download: "predictions.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function element(name, properties, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}
