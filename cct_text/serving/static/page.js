// The page: what is typed, chosen or dropped goes to the server, and its answer to the results.

import { asCsv, asJsonLines, offer } from "./downloads.js";
import { inWords, showResults } from "./results.js";

const LIVE_LINES = 20; // classified while they are typed
const LIVE_CHARACTERS = 4000;
const PAUSE = 250; // milliseconds without a key before that

const limits = JSON.parse(document.body.dataset.limits);
const shownLabels = Math.min(6, Number(document.body.dataset.labels));

const find = (id) => document.getElementById(id);
const [texts, fileInput, drop, columns, choices] = ["texts", "file", "drop", "columns", "choices"].map(find);
const [status, error, results] = ["status", "error", "results"].map(find);

let underWay = null; // what ends the request that is under way
let pause = null;
let file = null; // its name and content
let rows = []; // of the results: text and what was said about it

function lines() {
  return texts.value.split(/\r?\n/).filter((line) => line.trim());
}

function isShort(found) {
  return found.length <= Math.min(LIVE_LINES, limits.explained) && texts.value.length <= LIVE_CHARACTERS;
}

/** Ask the server; resolves to its answer, or to null where it was no use or another request took its place. */
async function ask(path, options) {
  underWay?.abort();
  const control = new AbortController();
  underWay = control;
  let response, answer;
  try {
    response = await fetch(path, { method: "POST", signal: control.signal, ...options });
    answer = await response.json();
  } catch {
    if (control.signal.aborted) return null;
    fail(response ? `The server answers with status ${response.status}.` : "The server does not answer. Is cct-text serve still running?");
    return null;
  }
  if (control.signal.aborted) return null;
  if (!response.ok) {
    fail(sentence(answer.error), answer.columns);
    return null;
  }
  return answer;
}

function sentence(reason) {
  return reason.endsWith(".") ? reason : `${reason}.`;
}

/** Say why there is no result; where the server names columns, let them be chosen. */
function fail(reason, known) {
  forgetResults();
  error.textContent = known ? `Which columns of ${file.name} hold the text? Choose them above.` : reason;
  if (known) chooseColumns(known, []);
}

function forgetResults() {
  underWay?.abort();
  rows = [];
  results.hidden = true;
  status.textContent = "";
  error.textContent = "";
}

function show(found, predictions, unit, before = "", behind = "") {
  rows = found.map((text, index) => ({ text, ...predictions[index] }));
  error.textContent = "";
  showResults(rows);
  results.hidden = rows.length === 0;
  status.textContent = before + inWords(rows, unit) + behind;
}

function told(count, one, many) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

async function classifyTexts() {
  clearTimeout(pause);
  const found = lines();
  forgetFile();
  if (!found.length) {
    forgetResults();
    return;
  }
  if (found.length > limits.texts) {
    fail(`${told(found.length, "text", "texts")}; at most ${limits.texts.toLocaleString("en")} at once.`);
    return;
  }
  const short = isShort(found);
  status.textContent = short ? status.textContent : `Classifying ${told(found.length, "text", "texts")} …`;
  const body = JSON.stringify({ texts: found, top_k: shownLabels });
  const answer = await ask(short ? "explain" : "predict", { headers: { "Content-Type": "application/json" }, body });
  if (answer) show(found, answer.predictions, ["text", "texts"]);
}

function typed() {
  clearTimeout(pause);
  if (isShort(lines())) pause = setTimeout(classifyTexts, PAUSE);
  else status.textContent = "Long input: press Classify.";
}

function forgetFile() {
  file = null;
  fileInput.value = "";
  columns.hidden = true;
}

async function takeFile(chosen) {
  clearTimeout(pause);
  forgetResults();
  columns.hidden = true;
  file = null;
  if (chosen.size > limits.body_bytes) {
    const [size, most] = [chosen.size, limits.body_bytes].map((bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`);
    fail(`${chosen.name} has ${size}; at most ${most}. “cct-text predict” reads larger files.`);
    return;
  }
  try {
    // At once: the browser does not send a file that has changed since it was chosen.
    file = { name: chosen.name, content: await chosen.arrayBuffer() };
  } catch {
    fail(`${chosen.name} cannot be read.`);
    return;
  }
  classifyFile([]);
}

async function classifyFile(named) {
  const { name, content } = file;
  status.textContent = `Reading ${name} …`;
  error.textContent = "";
  const query = new URLSearchParams([["name", name], ["top_k", shownLabels], ...named.map((column) => ["text_column", column])]);
  const answer = await ask(`file?${query}`, { headers: { "Content-Type": "application/octet-stream" }, body: content });
  if (!answer) return;
  const replaced = answer.replaced ? ` ${told(answer.replaced, "row", "rows")} held bytes that are not UTF-8.` : "";
  if (answer.columns.length > 1) chooseColumns(answer.columns, answer.text_columns);
  show(answer.texts, answer.predictions, ["row", "rows"], `${name}: `, replaced);
}

function chooseColumns(known, chosen) {
  choices.replaceChildren(...known.map((name) => {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "column", value: name, checked: chosen.includes(name) });
    const label = document.createElement("label");
    label.append(box, name);
    return label;
  }));
  columns.hidden = false;
  if (!chosen.length) choices.querySelector("input")?.focus();
}

function save(ending, kind, content) {
  const stem = file ? file.name.replace(/\.gz$/i, "").replace(/\.[^.]*$/, "") : "texts";
  offer(`${stem}.predictions.${ending}`, kind, content);
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  classifyTexts();
});
texts.addEventListener("input", typed);
texts.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    classifyTexts();
  }
});
find("clear").addEventListener("click", () => {
  clearTimeout(pause);
  texts.value = "";
  forgetFile();
  forgetResults();
  texts.focus();
});
fileInput.addEventListener("click", () => {
  fileInput.value = ""; // the same file may be chosen again
});
fileInput.addEventListener("change", () => {
  if (fileInput.files.length) takeFile(fileInput.files[0]);
});
columns.addEventListener("submit", (event) => {
  event.preventDefault();
  const named = new FormData(columns).getAll("column");
  if (named.length) classifyFile(named);
  else error.textContent = "Choose at least one column.";
});
find("csv").addEventListener("click", () => {
  const content = asCsv(rows, document.body.dataset.separator, { guard: find("guard").checked });
  save("csv", "text/csv", content);
});
find("jsonl").addEventListener("click", () => save("jsonl", "application/x-ndjson", asJsonLines(rows)));

const holdsFile = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length === 1) takeFile(event.dataTransfer.files[0]);
  else fail("One file at a time.");
});
if (texts.value) typed(); // the browser kept it over a reload
