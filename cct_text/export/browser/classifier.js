/* A text in, a label and probabilities out; also for other scripts and for the console: `(await classifier).predict("...")`. */

class Classifier {
  constructor(model) {
    this.labels = model.labels;
    this.maxWords = model.max_words;
    this.tokenizer = new Tokenizer(model.tokenizer, model.words);
    this.network = new Network(model);
  }

  /** The most probable label of a text; probabilities and logits in the order of `labels`; and the text's words, each with
   *  the characters it comes from, its id, and its weight in the pooling, a share of 1. */
  predict(text) {
    const words = this.tokenizer.words(text);
    const { logits, wordWeights } = this.network.run(words.map(({ id }) => id));
    const probabilities = softmax(logits.slice());
    const best = probabilities.indexOf(Math.max(...probabilities));
    return {
      text,
      label: this.labels[best],
      probability: probabilities[best],
      probabilities,
      logits,
      words: words.map((word, place) => ({ ...word, weight: wordWeights[place] })),
    };
  }
}
