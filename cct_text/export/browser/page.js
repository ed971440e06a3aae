/* What happens as one types. */

/** Milliseconds without a key before texts are classified, and before the answer is read out. */
const PAUSE = 80;
const PAUSE_BEFORE_SPEECH = 900;
/** Milliseconds of work between two looks at what else there is to do. */
const WORK = 40;

const box = document.getElementById("text");
const lines = document.getElementById("lines");
const answer = document.getElementById("answer");
const note = document.getElementById("note");
const spoken = document.getElementById("spoken");

/** The model of this page, once it is read. */
const classifier = load();

let known = new Map(); // results by text, of the texts in the box
let latest = 0; // of the updates
let typing, speaking; // timers

async function load() {
  if (!("DecompressionStream" in window)) {
    throw new Error("it takes a browser of May 2023 or later.");
  }
  return new Classifier(await readModel(document.getElementById("model").textContent));
}

/** Classify what is in the box, a few texts at a time, until something else is in it. */
async function update() {
  const turn = ++latest;
  const ready = await classifier;
  const all = lines.checked ? box.value.split("\n") : [box.value];
  const texts = all.filter((text) => text.trim());
  let since = performance.now();
  for (const [index, text] of texts.entries()) {
    if (!known.has(text)) known.set(text, ready.predict(text));
    if (performance.now() - since < WORK) continue;
    note.textContent = `${index.toLocaleString("en")} of ${texts.length.toLocaleString("en")} texts`;
    await new Promise((done) => setTimeout(done));
    if (turn !== latest) return;
    since = performance.now();
  }
  if (turn !== latest) return;
  known = new Map(texts.map((text) => [text, known.get(text)]));
  const results = texts.map((text) => known.get(text));
  show(results, ready);
}

function show(results, ready) {
  if (results.length === 0) answer.replaceChildren();
  else if (results.length === 1) answer.replaceChildren(...oneResult(results[0], ready));
  else answer.replaceChildren(...manyResults(results, ready));
  note.textContent = results.length ? "" : "Type or paste a text; the answer changes as you type.";
  clearTimeout(speaking);
  speaking = setTimeout(() => (spoken.textContent = inWords(results)), PAUSE_BEFORE_SPEECH);
}

function inWords(results) {
  if (results.length === 0) return "";
  if (results.length > 1) return `${results.length} texts classified`;
  return results[0].said.map(({ label, probability }) => `${label}, ${percent(probability)}`).join("; ") || NO_LABEL;
}

function changed() {
  update().catch((error) => (note.textContent = `This page does not work: ${error.message}`));
}

box.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(changed, PAUSE);
});
lines.addEventListener("change", changed);
changed(); // a browser may have kept what was in the box
