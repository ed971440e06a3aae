"""Conv tokenizers by their windows."""

from cct_text.model.conv_tokenizer import ConvTokenizer
from cct_text.model.geometry import Windows


def conv_tokenizer(embedding_dim, width, *kernels, layers=1, overlapping=True, max_pool=None):
    """With a max-pool where the windows overlap, if it is not said."""
    pooled = overlapping if max_pool is None else max_pool
    windows = Windows(max(kernels), layers, overlapping, pooled)
    return ConvTokenizer(embedding_dim, width, kernels=kernels, windows=windows)
