"""Prediction: the classifier as a Python object, and files streamed through it."""
