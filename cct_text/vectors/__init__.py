"""Pre-trained word vectors: names and files, readers, the memory-mapped store, coverage."""
