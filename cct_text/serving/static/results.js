// What was said, as elements. All text is set as text; nothing of it is read as HTML.

const MOST_SHOWN = 100; // rows; the downloads have all
const MOST_LOOKED_AT = 4;
const MOST_COUNTED = 12; // labels
const MOST_SAID = 4;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Rows of a name, a bar of a share in [0, 1], and the number that the bar shows. */
function bars(entries, caption) {
  const body = element("tbody");
  for (const [name, share, number] of entries) {
    const bar = element("span", { className: "bar", ariaHidden: "true" });
    bar.style.setProperty("--share", share);
    body.append(element("tr", {},
      element("th", { scope: "row", textContent: name }), element("td", {}, bar), element("td", { textContent: number })));
  }
  return element("table", { className: "bars" }, ...(caption ? [element("caption", { textContent: caption })] : []), body);
}

/** What is said of a text: one label, or any number. */
export const labelsOf = (row) => row.labels ?? [row.label];

const NO_LABEL = "no label";

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** A text whose words are marked by what they count as a share of the largest; offsets are in code points. */
function shaded(text, words) {
  const characters = Array.from(text);
  const largest = Math.max(...words.map((word) => word.weight), Number.MIN_VALUE);
  const shown = element("p", { className: "text" });
  let done = 0;
  for (const word of words) {
    const start = Math.max(done, word.start); // two words may come from one character
    shown.append(characters.slice(done, start).join(""));
    const mark = element("mark", { textContent: characters.slice(start, word.end).join("") });
    mark.style.setProperty("--weight", (word.weight / largest).toFixed(2));
    shown.append(mark);
    done = Math.max(done, word.end);
  }
  shown.append(characters.slice(done).join(""));
  return shown;
}

function lookedAt(words) {
  const heaviest = words.toSorted((one, other) => other.weight - one.weight).slice(0, MOST_LOOKED_AT);
  const listed = heaviest.map((word) => `${word.word} ${word.weight.toFixed(2)}`).join(", ");
  return element("p", { className: "looked", textContent: `looked at: ${listed || "nothing"}` });
}

function saidOf(row) {
  const labels = labelsOf(row);
  if (!labels.length) return element("p", { className: "said", textContent: NO_LABEL });
  const parts = labels.flatMap((label, place) => [
    ...(place ? [", "] : []), element("b", { textContent: label }), ` ${percent(row.probabilities[label])}`,
  ]);
  return element("p", { className: "said" }, ...parts);
}

function shownRow(row) {
  const said = saidOf(row);
  if (!row.words) return element("li", {}, said, element("p", { className: "text", textContent: row.text }));
  const ranked = Object.entries(row.probabilities).sort((one, other) => other[1] - one[1]);
  return element("li", {}, element("div", {}, said, shaded(row.text, row.words), lookedAt(row.words)),
    bars(ranked.map(([label, probability]) => [label, probability, percent(probability)])));
}

/** Labels with the number of texts that have them, the most frequent first; and of those that have none. */
function counts(rows) {
  const found = new Map();
  for (const label of rows.flatMap((row) => (labelsOf(row).length ? labelsOf(row) : [NO_LABEL]))) found.set(label, (found.get(label) ?? 0) + 1);
  return [...found].sort((one, other) => other[1] - one[1]);
}

function counted(rows) {
  const ranked = counts(rows);
  const shown = ranked.slice(0, MOST_COUNTED);
  const caption = ranked.length > shown.length ? `Texts by label, the ${shown.length} most frequent of ${ranked.length}` : "Texts by label";
  return bars(shown.map(([label, count]) => [label, count / rows.length, count.toLocaleString("en")]), caption);
}

/** The results in a sentence, for who hears the page: `2 texts: 1 HUM, 1 LOC.` */
export function inWords(rows, [one, many]) {
  if (rows.length === 1) {
    const said = labelsOf(rows[0]).map((label) => `${label}, ${percent(rows[0].probabilities[label])}`);
    return `1 ${one}: ${said.join("; ") || NO_LABEL}.`;
  }
  const ranked = counts(rows);
  const listed = ranked.slice(0, MOST_SAID).map(([label, count]) => `${count.toLocaleString("en")} ${label}`).join(", ");
  return `${rows.length.toLocaleString("en")} ${many}${listed && `: ${listed}`}${ranked.length > MOST_SAID ? ", …" : "."}`;
}

/** Put the rows into the page: text, label, probabilities and, where they are known, words. */
export function showResults(rows) {
  const find = (id) => document.getElementById(id);
  find("counts").replaceChildren(...(rows.length > 1 ? [counted(rows)] : []));
  find("legend").hidden = !rows.some((row) => row.words);
  find("rows").replaceChildren(...rows.slice(0, MOST_SHOWN).map(shownRow));
  const left = rows.length - MOST_SHOWN;
  find("more").textContent = left > 0 ? `The first ${MOST_SHOWN} are shown; the downloads have all ${rows.length.toLocaleString("en")}.` : "";
}
