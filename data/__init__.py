"""Data that ships with cct-text: the `questions` data set, data cards and published figures."""
