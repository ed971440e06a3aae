"""Data sets: registered names, official formats, users' files, the hub."""
