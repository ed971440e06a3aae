"""From text to word ids: tokenizers, the vocabulary, length-bucketed batches."""
