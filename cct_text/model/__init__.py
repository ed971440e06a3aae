"""The network: word embedding, convolutional tokenizer, encoder, pooling, and the zoo of named models."""
