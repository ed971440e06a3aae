/* Text to words to ids: the substitutions of cct_text/text/rules.py, as cct_text/text/alignment.py interprets them. */

/** Id of every word that is not in the vocabulary. */
const UNK = 1;
/** Ids below it are of no word that a text can hold. */
const FIRST_WORD = 2;
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

class Tokenizer {
  /** @param rules what is replaced before and after letters are lowered, and which letters become which.
   *  @param words the vocabulary; their places are their ids. */
  constructor(rules, words) {
    this.before = rules.before.map(compiled);
    this.after = rules.after.map(compiled);
    const lower = [...rules.lower];
    this.lower = new Map([...rules.upper].map((letter, index) => [letter, lower[index]]));
    this.ids = new Map(words.slice(FIRST_WORD).map((word, index) => [word, FIRST_WORD + index]));
  }

  /** Words of a text, each with its id and the characters it comes from, from `start` to before `end`. */
  words(text) {
    const aligned = substituted(this.lowered(substituted(alignedWithItself(text), this.before)), this.after);
    return [...aligned.text.matchAll(/[^ ]+/g)].map(({ 0: word, index }) => {
      return { word, id: this.ids.get(word) ?? UNK, ...aligned.span(index, index + word.length) };
    });
  }

  /** With lower-case letters. */
  lowered({ text, starts, ends }) {
    const result = new AlignedText();
    let at = 0;
    for (const character of text) {
      result.append(this.lower.get(character) ?? character, starts[at], ends[at]);
      at += character.length;
    }
    return result;
  }
}

/** A text, and the span of the original that each of its UTF-16 units comes from. */
class AlignedText {
  text = "";
  starts = [];
  ends = [];

  append(characters, start, end) {
    this.text += characters;
    for (let unit = 0; unit < characters.length; unit++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }

  appendPart({ text, starts, ends }, from, to) {
    this.text += text.slice(from, to);
    for (let unit = from; unit < to; unit++) {
      this.starts.push(starts[unit]);
      this.ends.push(ends[unit]);
    }
  }

  /** What the units from `from` to before `to` come from. */
  span(from, to) {
    let [start, end] = [this.starts[from], this.ends[from]];
    for (let unit = from + 1; unit < to; unit++) {
      start = Math.min(start, this.starts[unit]);
      end = Math.max(end, this.ends[unit]);
    }
    return { start, end };
  }
}

/** A text as it stands, halves of surrogate pairs as U+FFFD. */
function alignedWithItself(text) {
  const aligned = new AlignedText();
  let at = 0;
  for (const character of text.replace(LONE_SURROGATE, "\ufffd")) {
    aligned.append(character, at, at + character.length);
    at += character.length;
  }
  return aligned;
}

/** A substitution with its pattern as a regular expression. */
function compiled({ pattern, replacement, regex, only_with: onlyWith }) {
  const source = regex
    ? pattern.replaceAll("\\A", "^").replaceAll("\\z", "$")
    : pattern.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return { expression: new RegExp(source, "gu"), replacement, needed: onlyWith || (regex ? "" : pattern) };
}

function substituted(aligned, substitutions) {
  for (const { expression, replacement, needed } of substitutions) {
    if (!aligned.text.includes(needed)) continue;
    const result = new AlignedText();
    let done = 0;
    for (const { 0: match, index } of aligned.text.matchAll(expression)) {
      result.appendPart(aligned, done, index);
      done = index + match.length;
      appendReplacement(result, replacement, aligned, index, done);
    }
    result.appendPart(aligned, done, aligned.text.length);
    aligned = result;
  }
  return aligned;
}

/** Append a replacement: each character with the span of its own in the match or, where they are others, of all of it. */
function appendReplacement(result, replacement, { text, starts, ends }, first, behind) {
  const origins = [];
  for (let unit = first; unit < behind; unit++) if (text[unit] !== " ") origins.push(unit);
  const own = origins.length === replacement.replaceAll(" ", "").length;
  let next = 0;
  for (const unit of replacement.split("")) {
    if (unit === " ") result.append(unit, 0, 0); // in no word
    else if (own) result.append(unit, starts[origins[next]], ends[origins[next++]]);
    else result.append(unit, starts[first], ends[behind - 1]);
  }
}
