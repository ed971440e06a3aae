"""Runs on the Hugging Face hub: their names, and how they come from there."""
