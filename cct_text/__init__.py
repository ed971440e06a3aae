"""Compact Convolutional Transformers for text classification."""
