"""Data sets: registered names, official formats, users' files, the hub."""

from cct_text.datasets.dataset import Dataset, Split
from cct_text.datasets.loading import load_dataset

__all__ = ["Dataset", "Split", "load_dataset"]
