/* A text in, labels and probabilities out; also for other scripts and for the console: `(await classifier).predict("...")`. */

class Classifier {
  constructor(model) {
    this.labels = model.labels;
    this.thresholds = model.thresholds; // null where a text has one label
    this.separator = model.label_separator;
    this.maxWords = model.max_words;
    this.tokenizer = new Tokenizer(model.tokenizer, model.words);
    this.network = new Network(model);
  }

  /** What is said of a text: its label, or of a model with thresholds all that reach theirs, the most probable first, each
   *  with its probability; `label`, these joined; probabilities and logits in the order of `labels`; and the text's words,
   *  each with the characters it comes from, its id, and its weight in the pooling, a share of 1. */
  predict(text) {
    const words = this.tokenizer.words(text);
    const { logits, wordWeights } = this.network.run(words.map(({ id }) => id));
    const probabilities = this.thresholds === null ? softmax(logits.slice()) : logits.map(sigmoid);
    const said = this.said(probabilities);
    return {
      text,
      label: said.map(({ label }) => label).join(this.separator),
      said,
      probabilities,
      logits,
      words: words.map((word, place) => ({ ...word, weight: wordWeights[place] })),
    };
  }

  said(probabilities) {
    const all = this.labels.map((label, index) => ({ label, probability: probabilities[index] }));
    if (this.thresholds === null) return [all[probabilities.indexOf(Math.max(...probabilities))]];
    return all
      .filter(({ probability }, index) => probability >= this.thresholds[index])
      .sort((one, other) => other.probability - one.probability);
  }
}
