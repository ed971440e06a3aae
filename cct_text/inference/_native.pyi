import numpy as np

def choose(lanes: int, /) -> int: ...
def choose_bf16(most: int, /) -> int: ...
def packed_floats(outputs: int, inputs: int, bf16: bool, /) -> int: ...
def pack(weight: np.ndarray, out: np.ndarray, outputs: int, inputs: int, bf16: bool, /) -> None: ...
def linear(
    x: np.ndarray,
    packed: np.ndarray,
    bias: np.ndarray | None,
    residual: np.ndarray | None,
    out: np.ndarray,
    rows: int,
    inputs: int,
    outputs: int,
    with_gelu: bool,
    bf16: bool,
    /,
) -> None: ...
def layer_norm(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, out: np.ndarray, rows: int, width: int, /
) -> None: ...
def attention(
    qkv: np.ndarray, out: np.ndarray, batch: int, tokens: int, width: int, heads: int, bf16: bool, /
) -> None: ...
def gather(
    table: np.ndarray,
    ids: np.ndarray,
    places: np.ndarray,
    out: np.ndarray,
    batch: int,
    words: int,
    tokens: int,
    pooled: int,
    taps: int,
    width: int,
    rectified: bool,
    /,
) -> None: ...
